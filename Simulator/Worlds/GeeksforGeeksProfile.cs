namespace OrleansBulk.Simulator.Worlds;

/// <summary>A GeeksforGeeks account; the five counts add up to <see cref="TotalSolved"/>.</summary>
public sealed record GeeksforGeeksProfile(string Handle, Person Person, int Score, int MonthlyScore, int? InstituteRank, int LongestStreak, int CurrentStreak,
    int School, int Basic, int Easy, int Medium, int Hard)
{
    public int TotalSolved => School + Basic + Easy + Medium + Hard;

    internal static GeeksforGeeksProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.GeeksforGeeks, handle);
        var person = Person.From(ref draw);
        int school = draw.Int(0, 10), basic = draw.Int(0, 40), medium = draw.Int(0, 90), hard = draw.Int(0, 25);
        var easy = Growth.Of(seed, Platforms.GeeksforGeeks, handle, changes, draw.Int(0, 90), most: 4);
        return new GeeksforGeeksProfile(canonical, person, school + 2 * (basic + easy) + 4 * medium + 8 * hard, draw.Int(0, 80),
            draw.Chance(0.6) ? draw.Int(1, 4000) : null, draw.Int(1, 200), draw.Int(0, 30), school, basic, easy, medium, hard);
    }
}
