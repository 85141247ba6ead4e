namespace OrleansBulk.Simulator.Worlds;

/// <summary>A Codeforces account. <see cref="Contests"/> is empty, and every rating null, for one that was never rated.</summary>
public sealed record CodeforcesProfile(string Handle, Person Person, IReadOnlyList<RatedContest> Contests, int Solved, int Contribution, int FriendOf,
    DateTimeOffset Registered, DateTimeOffset LastOnline)
{
    private static readonly (int From, string Name)[] Ranks =
    [
        (3000, "legendary grandmaster"), (2600, "international grandmaster"), (2400, "grandmaster"), (2300, "international master"), (2100, "master"),
        (1900, "candidate master"), (1600, "expert"), (1400, "specialist"), (1200, "pupil"),
    ];

    public int? Rating => Contests.Count == 0 ? null : Contests[^1].NewRating;

    public int? MaxRating => Contests.Count == 0 ? null : Contests.Max(contest => contest.NewRating);

    public string? Rank => Rating is { } rating ? RankOf(rating) : null;

    public string? MaxRank => MaxRating is { } rating ? RankOf(rating) : null;

    public static string RankOf(int rating)
    {
        foreach (var (from, name) in Ranks)
            if (rating >= from) return name;
        return "newbie";
    }

    internal static CodeforcesProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.Codeforces, handle);
        var person = Person.From(ref draw);
        var contests = HandleRules.IsUnrated(handle) ? [] : RatingHistory.Of(seed, Platforms.Codeforces, handle, changes, 3600);
        var solved = Growth.Of(seed, Platforms.Codeforces, handle, changes, draw.Int(0, 900), most: 12);
        var registered = RatingHistory.FirstContest.AddDays(-draw.Int(1, 4000));
        return new CodeforcesProfile(canonical, person, contests, solved, draw.Int(-30, 120), draw.Int(0, 2000), registered,
            RatingHistory.FirstContest.AddDays(1400 + draw.Int(0, 20) + changes).AddSeconds(draw.Int(0, 80_000)));
    }
}
