namespace OrleansBulk.Simulator.Scenarios;

/// <summary>A sliding window over admitted calls, one for each host of the upstream; refused calls use nothing up.</summary>
public sealed record CallLimit
{
    /// <summary>Calls admitted in any window, 1 or more.</summary>
    public int Calls { get; init; } = 1;

    /// <summary>Length of the window in seconds, above 0. Default 1.</summary>
    public double PerSeconds { get; init; } = 1;

    /// <summary>How a call over the limit is answered: 200, 403, 429 or 503; the body is the upstream's own, HTML for 503. Default 429.</summary>
    public int Status { get; init; } = 429;

    /// <summary>The Retry-After header of such an answer. Default none.</summary>
    public RetryAfter? RetryAfter { get; init; }
}

/// <summary>Calls being worked on at the same time.</summary>
public sealed record ConcurrencyLimit
{
    /// <summary>1 or more. Default 100.</summary>
    public int Max { get; init; } = 100;

    /// <summary>How a call too many is answered: 200, 403, 429 or 503. Default 429.</summary>
    public int Status { get; init; } = 429;

    /// <summary>The Retry-After header of such an answer. Default none.</summary>
    public RetryAfter? RetryAfter { get; init; }
}
