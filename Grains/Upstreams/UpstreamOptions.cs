namespace OrleansBulk.Upstreams;

/// <summary>
/// One upstream and its limits. Defaults stand in <see cref="UpstreamCatalog"/>; configuration under <c>Upstreams:{name}:…</c> overrides them one by one.
/// </summary>
public sealed record UpstreamOptions
{
    /// <summary>The upstream's name in configuration, metrics and pages: lower case.</summary>
    public required string Name { get; init; }

    /// <summary>Where its API lives, without a slash at the end. Never from user input.</summary>
    public required Uri BaseUrl { get; init; }

    /// <summary>A second host that the same upstream answers on (AtCoder and GeeksforGeeks have two), under the same limits.</summary>
    public Uri? SecondUrl { get; init; }

    /// <summary>Calls at once, over all silos and jobs. A ceiling: the gate goes below it when the upstream struggles. 1 to 1,000.</summary>
    public int Concurrency { get; init; } = 10;

    /// <summary>Calls per period, over all silos and jobs; all of them hold. Empty: no limit is published.</summary>
    public IReadOnlyList<CallLimit> Limits { get; init; } = [];

    /// <summary>How long one call may take, connection and body included. Default 10 s, range 0.1 s to 5 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Tries for one item in all, the first among them. Default 4, range 1 to 20. Waiting, 429 and an open breaker spend none.</summary>
    public int Attempts { get; init; } = 4;

    /// <summary>Wait before the second try; doubles from try to try, with jitter. Default 0.5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait between two tries. Default 20 s.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Items that one call can ask for. 1 means that the API has no such call.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Failed calls in a row that open the breaker. Default 8, range 1 to 1,000. An answer that says "blocked" opens it at once.</summary>
    public int BreakerFailures { get; init; } = 8;

    /// <summary>How long the breaker stays open the first time; doubles with each failed probe up to <see cref="BreakerMaxOpen"/>. Default 5 s.</summary>
    public TimeSpan BreakerOpen { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Default 2 min.</summary>
    public TimeSpan BreakerMaxOpen { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Whether profiles of this platform may be fetched at all. Off for platforms without a public API.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The credential, from the environment; null where none is configured. Never logged.</summary>
    public string? Token { get; init; }

    /// <summary>The slowest of <see cref="Limits"/> in calls per second; null when there is none.</summary>
    public double? CallsPerSecond => Limits.Count == 0 ? null : Limits.Min(limit => limit.PerSecond);

    internal LimitsInForce InForce() => new(Concurrency, [.. Limits.Select(limit => limit.Calls)], [.. Limits.Select(limit => limit.Per)]);

    // A record prints its members; the credential stays out of logs.
    public override string ToString() => $"{Name} at {BaseUrl}, {Concurrency} at once, {(Limits.Count == 0 ? "no call limit" : string.Join(" and ", Limits))}";

    /// <exception cref="InvalidOperationException">A value is out of range; names the setting, the value and the range.</exception>
    public void Validate()
    {
        Check(Concurrency is >= 1 and <= 1000, nameof(Concurrency), Concurrency, "1 to 1,000");
        Check(Timeout >= TimeSpan.FromSeconds(0.1) && Timeout <= TimeSpan.FromMinutes(5), nameof(Timeout), Timeout, "00:00:00.1 to 00:05:00");
        Check(Attempts is >= 1 and <= 20, nameof(Attempts), Attempts, "1 to 20");
        Check(RetryDelay > TimeSpan.Zero && RetryDelay <= MaxRetryDelay, nameof(RetryDelay), RetryDelay, $"more than 0, at most MaxRetryDelay ({MaxRetryDelay})");
        Check(Batch is >= 1 and <= 10_000, nameof(Batch), Batch, "1 to 10,000");
        Check(BreakerFailures is >= 1 and <= 1000, nameof(BreakerFailures), BreakerFailures, "1 to 1,000");
        Check(BreakerOpen > TimeSpan.Zero && BreakerOpen <= BreakerMaxOpen, nameof(BreakerOpen), BreakerOpen, $"more than 0, at most BreakerMaxOpen ({BreakerMaxOpen})");
    }

    private void Check(bool good, string setting, object value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Upstreams:{Name}:{setting} is {value}; it must be {range}.");
        }
    }
}
