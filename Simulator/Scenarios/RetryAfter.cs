using System.Globalization;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>A Retry-After header.</summary>
public sealed record RetryAfter
{
    /// <summary>Seconds to wait, 0 or more. Default 1.</summary>
    public double Seconds { get; init; } = 1;

    /// <summary>How it is written. Default whole.</summary>
    public RetryAfterForm Form { get; init; }

    /// <summary>The header's value: whole seconds are rounded up.</summary>
    public string HeaderValue(DateTimeOffset now) => Form switch
    {
        RetryAfterForm.Fraction => Seconds.ToString("0.0##", CultureInfo.InvariantCulture),
        RetryAfterForm.Date => now.AddSeconds(Math.Ceiling(Seconds)).ToString("R", CultureInfo.InvariantCulture),
        _ => Math.Ceiling(Seconds).ToString("0", CultureInfo.InvariantCulture),
    };
}

public enum RetryAfterForm
{
    /// <summary><c>Retry-After: 2</c></summary>
    Whole,

    /// <summary><c>Retry-After: 1.5</c></summary>
    Fraction,

    /// <summary><c>Retry-After: Sun, 02 Jan 2022 17:35:00 GMT</c></summary>
    Date,
}
