using System.Globalization;
using Microsoft.AspNetCore.Html;

namespace OrleansBulk.Web.Pages;

/// <summary>How pages write numbers, times and durations, so that the same thing reads the same everywhere.</summary>
public static class PageWords
{
    /// <summary>What stands where there is nothing to say.</summary>
    public const string Nothing = "–";

    private static readonly (TimeSpan From, TimeSpan Unit, string Name, string Part)[] Units =
    [
        (TimeSpan.FromDays(2), TimeSpan.FromDays(1), "days", "h"),
        (TimeSpan.FromHours(1), TimeSpan.FromHours(1), "h", "min"),
        (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), "min", "s"),
    ];

    /// <summary>Grouped by thousands: <c>12,345</c>.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>How long ago, and exactly when for whoever points at it.</summary>
    public static IHtmlContent Ago(DateTimeOffset? at, DateTimeOffset now)
    {
        if (at is not { } instant)
        {
            return new HtmlString(Nothing);
        }

        var words = now - instant < TimeSpan.FromSeconds(1) ? "just now" : $"{Rough(now - instant)} ago";
        return new HtmlString(string.Create(CultureInfo.InvariantCulture, $"<time datetime=\"{instant.UtcDateTime:O}\" title=\"{Exact(instant)}\">{words}</time>"));
    }

    /// <summary>The time of day, for what is as of now.</summary>
    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>One end of a chart's time: with its day, when the other end lies on another.</summary>
    public static string Moment(DateTimeOffset at, DateTimeOffset other) =>
        at.UtcDateTime.ToString(at.UtcDateTime.Date == other.UtcDateTime.Date ? "HH:mm:ss" : "d MMM HH:mm", CultureInfo.InvariantCulture);

    public static string Exact(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>In its largest unit: <c>3 min</c>.</summary>
    public static string Rough(TimeSpan span)
    {
        foreach (var (from, unit, name, _) in Units)
        {
            if (span >= from)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{(long)(span / unit)} {name}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, (long)span.TotalSeconds)} s");
    }

    /// <summary>In its two largest units: <c>3 min 12 s</c>.</summary>
    public static string Took(TimeSpan span)
    {
        foreach (var (from, unit, name, part) in Units)
        {
            if (span >= from)
            {
                var rest = span - (Math.Floor(span / unit) * unit);
                var parts = (long)(unit == TimeSpan.FromDays(1) ? rest.TotalHours : rest / (unit / 60));
                return string.Create(CultureInfo.InvariantCulture, $"{(long)(span / unit)} {name}{(parts > 0 ? $" {parts} {part}" : "")}");
            }
        }

        return span < TimeSpan.FromSeconds(10)
            ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, span.TotalSeconds):0.0} s")
            : Rough(span);
    }

    /// <summary>A range of time: <c>2 to 3 min</c>, <c>50 s to 2 min</c>.</summary>
    public static string Range(long lowSeconds, long highSeconds)
    {
        var (low, high) = (Rough(TimeSpan.FromSeconds(lowSeconds)), Rough(TimeSpan.FromSeconds(highSeconds)));
        if (low == high)
        {
            return low;
        }

        var unit = high[high.IndexOf(' ')..];
        return $"{(low.EndsWith(unit, StringComparison.Ordinal) ? low[..^unit.Length] : low)} to {high}";
    }
}
