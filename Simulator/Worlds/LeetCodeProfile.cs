namespace OrleansBulk.Simulator.Worlds;

/// <summary>Accepted problems of one difficulty, and how many submissions were accepted and sent for them.</summary>
public sealed record SolvedCount(string Difficulty, int Count, int Accepted, int Submissions);

/// <summary>A LeetCode account. <see cref="Contests"/> is empty for one that never took part: its contest ranking is then null.</summary>
public sealed record LeetCodeProfile(string Username, Person Person, IReadOnlyList<SolvedCount> Solved, int Ranking, int Reputation, double StarRating,
    IReadOnlyList<RatedContest> Contests, IReadOnlyDictionary<long, int> Calendar, IReadOnlyList<string> SkillTags)
{
    /// <summary>What the site offers: All, Easy, Medium, Hard.</summary>
    public static IReadOnlyList<(string Difficulty, int Count)> Questions { get; } = [("All", 3273), ("Easy", 823), ("Medium", 1717), ("Hard", 733)];

    public int TotalSolved => Solved[0].Count;

    public double? ContestRating => Contests.Count == 0 ? null : Precise(Contests[^1]);

    /// <summary>Ratings have decimals there.</summary>
    public static double Precise(RatedContest contest) => contest.NewRating + contest.Rank % 4 * 0.25;

    internal static LeetCodeProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.LeetCode, handle);
        var person = Person.From(ref draw);
        var easy = Growth.Of(seed, Platforms.LeetCode + "/easy", handle, changes, draw.Int(0, 400), most: 3);
        int medium = draw.Int(0, 600), hard = draw.Int(0, 200);
        SolvedCount Count(string difficulty, int count) => new(difficulty, count, count + count / 2, count * 3);
        var calendar = new SortedDictionary<long, int>();
        var lastDay = RatingHistory.FirstContest.AddDays(1400 + changes).ToUnixTimeSeconds() / 86_400;
        for (int i = 0, days = draw.Int(0, 14); i < days; i++) calendar[(lastDay - i * 2) * 86_400] = draw.Int(1, 40);
        return new LeetCodeProfile(canonical, person,
            [Count("All", easy + medium + hard), Count("Easy", easy), Count("Medium", medium), Count("Hard", hard)],
            draw.Int(1, 5_000_000), draw.Int(0, 300), draw.Int(2, 10) / 2.0,
            HandleRules.IsUnrated(handle) ? [] : RatingHistory.Of(seed, Platforms.LeetCode, handle, changes, 2800),
            calendar, draw.Chance(0.3) ? ["arrays", "graphs"] : []);
    }
}
