namespace OrleansBulk.Simulator.Worlds;

/// <summary>A CodeChef account; <see cref="Contests"/> is empty, and the rating 0, for one that never competed.</summary>
public sealed record CodeChefProfile(string Username, Person Person, IReadOnlyList<RatedContest> Contests, int Solved, int GlobalRank, int CountryRank)
{
    public int Rating => Contests.Count == 0 ? 0 : Contests[^1].NewRating;

    public int HighestRating => Contests.Count == 0 ? 0 : Contests.Max(contest => contest.NewRating);

    /// <summary>1★ below 1400, 2★ below 1600, … 7★ from 2500; 0 for the unrated.</summary>
    public int Stars => Rating switch { 0 => 0, < 1400 => 1, < 1600 => 2, < 1800 => 3, < 2000 => 4, < 2200 => 5, < 2500 => 6, _ => 7 };

    internal static CodeChefProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.CodeChef, handle);
        var person = Person.From(ref draw);
        return new CodeChefProfile(canonical, person, HandleRules.IsUnrated(handle) ? [] : RatingHistory.Of(seed, Platforms.CodeChef, handle, changes, 2900),
            Growth.Of(seed, Platforms.CodeChef, handle, changes, draw.Int(0, 700), most: 7), draw.Int(1, 120_000), draw.Int(1, 60_000));
    }
}
