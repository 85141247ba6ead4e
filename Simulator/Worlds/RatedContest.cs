namespace OrleansBulk.Simulator.Worlds;

/// <summary>One rated contest of an account; <paramref name="OldRating"/> of the first one is 0.</summary>
public sealed record RatedContest(int Number, int Rank, int OldRating, int NewRating, DateTimeOffset EndedAt);

/// <summary>
/// Draws a rating history of which a later revision is always an extension: what happened stays, and each change of the account adds
/// one contest.
/// </summary>
internal static class RatingHistory
{
    /// <summary>When the contest with number 0 took place; one follows every week.</summary>
    public static readonly DateTimeOffset FirstContest = new(2022, 1, 2, 17, 35, 0, TimeSpan.Zero);

    public static IReadOnlyList<RatedContest> Of(long seed, string platform, string handle, int changes, int highest)
    {
        var start = Draw.For(seed, platform + "/contests", handle);
        var before = start.Int(1, 30);
        var strength = start.Int(highest / 5, highest);
        var number = start.Int(0, 60);
        var contests = new RatedContest[before + changes];
        var rating = 0;
        for (var i = 0; i < contests.Length; i++)
        {
            var draw = Draw.For(seed, platform + "/contest", handle, i + 1);
            // Half of the way to the account's strength, and some luck; never the same rating twice in a row.
            var moved = i == 0 ? Math.Max(1, strength / 2 + draw.Int(-150, 150)) : rating + (strength - rating) / 4 + draw.Int(-90, 90);
            var next = Math.Max(1, moved == rating ? rating + 1 : moved);
            contests[i] = new RatedContest(number, draw.Int(1, 20_000), rating, next, FirstContest.AddDays(7 * number));
            rating = next;
            number += draw.Int(1, 3);
        }
        return contests;
    }
}
