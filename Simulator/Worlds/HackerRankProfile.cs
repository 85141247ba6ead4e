namespace OrleansBulk.Simulator.Worlds;

public sealed record HackerRankBadge(string Type, string Name, int Solved, int TotalChallenges, int Stars, double Points, int Rank);

/// <summary>A HackerRank account: its profile, its badges, and its scores by track.</summary>
public sealed record HackerRankProfile(string Username, long Id, Person Person, int Level, int Followers, int Events, DateTimeOffset Created,
    IReadOnlyList<HackerRankBadge> Badges, bool Rated)
{
    internal static HackerRankProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.HackerRank, handle);
        var person = Person.From(ref draw);
        var solved = Growth.Of(seed, Platforms.HackerRank, handle, changes, draw.Int(0, 300), most: 8);
        HackerRankBadge Badge(string type, string name, int count, int of, int rank) =>
            new(type, name, Math.Min(count, of), of, Math.Min(6, count / 15), count * 12.5, rank);
        return new HackerRankProfile(canonical, 1_000_000 + (long)(draw.Next() % 9_000_000), person, draw.Int(1, 5), draw.Int(0, 400), draw.Int(0, 60),
            RatingHistory.FirstContest.AddDays(-draw.Int(1, 2500)),
            [Badge("problem-solving", "Problem Solving", solved, 563, draw.Int(1, 900_000)), Badge("sql", "Sql", solved / 4, 58, draw.Int(1, 700_000))],
            !HandleRules.IsUnrated(handle));
    }
}
