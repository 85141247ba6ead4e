namespace OrleansBulk.Simulator.Worlds;

/// <summary>An AtCoder account; <see cref="Contests"/> is empty for one that never competed.</summary>
public sealed record AtCoderProfile(string UserId, IReadOnlyList<RatedContest> Contests, int AcceptedCount, int AcceptedRank, long RatedPointSum,
    int RatedPointSumRank, int Streak, int StreakRank, IReadOnlyList<(string Language, int Count, int Rank)> Languages)
{
    public int? Rating => Contests.Count == 0 ? null : Contests[^1].NewRating;

    internal static AtCoderProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.AtCoder, handle);
        var accepted = Growth.Of(seed, Platforms.AtCoder, handle, changes, draw.Int(1, 2500), most: 9);
        return new AtCoderProfile(canonical, HandleRules.IsUnrated(handle) ? [] : RatingHistory.Of(seed, Platforms.AtCoder, handle, changes, 3200),
            accepted, draw.Int(0, 200_000), accepted * 350L, draw.Int(0, 200_000), draw.Int(1, 300), draw.Int(0, 50_000),
            [("C++", accepted * 2 / 3, draw.Int(1, 90_000)), ("Rust", accepted / 3, draw.Int(1, 20_000))]);
    }
}
