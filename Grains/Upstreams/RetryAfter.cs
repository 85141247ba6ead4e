using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;

namespace OrleansBulk.Upstreams;

/// <summary>Reads how long an upstream wants to be left alone, in every form that apis have for it. Never negative, and never more than a day: nobody means more.</summary>
public static class RetryAfter
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary><c>retry-after-ms</c>, then <c>Retry-After</c> as integer, float, HTTP date or RFC 3339; null when neither is there or readable.</summary>
    public static TimeSpan? Of(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (First(headers, "retry-after-ms") is { } milliseconds && Number(milliseconds) is { } ms)
        {
            return Span(ms, TimeSpan.FromMilliseconds(1));
        }

        return First(headers, "Retry-After") is { } text ? Parse(text, now) : null;
    }

    /// <summary>Integer or float seconds, Go durations (<c>6m0s</c>, <c>120ms</c>), HTTP dates, RFC 3339 instants.</summary>
    public static TimeSpan? Parse(string text, DateTimeOffset now)
    {
        text = text.Trim();
        if (Number(text) is { } seconds)
        {
            return Span(seconds, TimeSpan.FromSeconds(1));
        }

        if (GoDuration(text) is { } duration)
        {
            return duration;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
            ? Bounded(instant - now)
            : null;
    }

    /// <summary>A reset header that holds an epoch second (GitHub).</summary>
    public static TimeSpan? UntilEpochSecond(string? text, DateTimeOffset now) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var second) && second < 253_402_300_800
            ? Bounded(DateTimeOffset.FromUnixTimeSeconds(second) - now)
            : null;

    public static string? First(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private static TimeSpan Bounded(TimeSpan span) => span < TimeSpan.Zero ? TimeSpan.Zero : span < Longest ? span : Longest;

    /// <summary>So many units, without overflow.</summary>
    private static TimeSpan Span(double number, TimeSpan unit) => number < Longest / unit ? unit * number : Longest;

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    /// <summary><c>4h30m15s</c>, <c>33.023s</c>, <c>120ms</c>: numbers, each with a unit, <c>ms</c> tried before <c>m</c>.</summary>
    private static TimeSpan? GoDuration(string text)
    {
        var total = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(NumberCharacters);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var (unit, length) = rest switch
            {
                ['m', 's', ..] => (TimeSpan.FromMilliseconds(1), 2),
                ['h', ..] => (TimeSpan.FromHours(1), 1),
                ['m', ..] => (TimeSpan.FromMinutes(1), 1),
                ['s', ..] => (TimeSpan.FromSeconds(1), 1),
                _ => (TimeSpan.Zero, 0),
            };
            if (length == 0)
            {
                return null;
            }

            total = Bounded(total + Span(number, unit));
            rest = rest[length..];
        }

        return text.Length == 0 ? null : total;
    }
}
