using System.Globalization;

namespace OrleansBulk.Upstreams;

/// <summary>At most <see cref="Calls"/> calls in any window of <see cref="Per"/>, wherever the window begins.</summary>
public readonly record struct CallLimit(int Calls, TimeSpan Per)
{
    public double PerSecond => Calls / Per.TotalSeconds;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Calls} per {Per.TotalSeconds:0.###}s");

    /// <summary>Reads <c>1 per 2s, 900 per 60s</c> (also <c>ms</c>, <c>m</c>, <c>h</c>) or <c>none</c>.</summary>
    /// <exception cref="FormatException">The text is something else; the message says what was found and what is wanted.</exception>
    public static IReadOnlyList<CallLimit> ParseList(string text)
    {
        if (text.Trim().Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return [];
        }

        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Parse)]; // an empty entry is a mistake, not "no limit"
    }

    private static CallLimit Parse(string text)
    {
        var parts = text.Split(" per ", StringSplitOptions.TrimEntries);
        if (parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var calls) && calls is >= 1 and <= 100_000
            && ParseDuration(parts[1]) is { } per && per > TimeSpan.Zero && per <= TimeSpan.FromDays(1))
        {
            return new CallLimit(calls, per);
        }

        throw new FormatException($"'{text}' is not a call limit. Wanted: 'CALLS per DURATION' such as '1 per 2s' or '900 per 1m', 1 to 100,000 calls, at most 24h; several parted by commas; or 'none'.");
    }

    private static TimeSpan? ParseDuration(string text)
    {
        var unit = text.TrimStart("0123456789.".ToCharArray());
        return double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number <= TimeSpan.FromDays(1).TotalMilliseconds
            ? unit.Trim() switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => null,
            }
            : null;
    }
}
