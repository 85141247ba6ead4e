using System.Diagnostics.CodeAnalysis;

namespace OrleansBulk.Distribution;

/// <summary>
/// A time of day in a time zone. Arithmetic only. On the day on which the clock skips it, it is the first moment after the gap; on the day that has it twice, the first of the two.
/// </summary>
public sealed record DailyTime(TimeOnly At, TimeZoneInfo Zone)
{
    /// <param name="zone">As in the IANA database: <c>Europe/Berlin</c>, <c>UTC</c>.</param>
    public static bool TryParse(string? at, string? zone, [NotNullWhen(true)] out DailyTime? daily)
    {
        daily = TimeOnly.TryParseExact(at, "HH:mm", out var time) && zone is { Length: > 0 } && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? new DailyTime(time, found) : null;
        return daily is not null;
    }

    /// <summary>The next time after this moment.</summary>
    public DateTimeOffset After(DateTimeOffset now)
    {
        var day = DayOf(now).AddDays(-1);
        while (On(day) <= now)
        {
            day = day.AddDays(1);
        }

        return On(day);
    }

    /// <summary>The day, in the zone, of the last time up to this moment.</summary>
    public DateOnly LastDay(DateTimeOffset now)
    {
        var day = DayOf(now).AddDays(1);
        while (On(day) > now)
        {
            day = day.AddDays(-1);
        }

        return day;
    }

    private DateOnly DayOf(DateTimeOffset now) => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, Zone).DateTime);

    private DateTimeOffset On(DateOnly day)
    {
        var local = day.ToDateTime(At);
        while (Zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(1);
        }

        var offset = Zone.IsAmbiguousTime(local) ? Zone.GetAmbiguousTimeOffsets(local).Max() : Zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
