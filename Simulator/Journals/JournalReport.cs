namespace OrleansBulk.Simulator.Journals;

/// <summary>What the simulator saw since its start or the last reset.</summary>
public sealed record JournalReport(DateTimeOffset Since, IReadOnlyDictionary<string, UpstreamReport> Upstreams);

/// <summary>What one upstream saw.</summary>
public sealed record UpstreamReport
{
    /// <summary>Calls that arrived, whatever became of them.</summary>
    public long Calls { get; init; }

    /// <summary>Answers by status class; refusals and faults are among them.</summary>
    public StatusClasses Answered { get; init; } = new(0, 0, 0, 0);

    /// <summary>Calls turned away, by cause.</summary>
    public Refusals Refused { get; init; } = new(0, 0, 0, 0);

    /// <summary>Calls struck by a fault, by its kind.</summary>
    public IReadOnlyDictionary<string, long> Faults { get; init; } = new Dictionary<string, long>();

    /// <summary>Calls whose client left before the whole answer was sent.</summary>
    public long Aborted { get; init; }

    /// <summary>Tokens that a chat upstream charges for, of prompts and answers; those of answers that never arrived are among them.</summary>
    public long Charged { get; init; }

    /// <summary>Calls that are open now.</summary>
    public int InFlight { get; init; }

    /// <summary>The most calls that were open at once; a call is over when its last byte is about to be sent.</summary>
    public int MostAtOnce { get; init; }

    /// <summary>The most arrivals in any second.</summary>
    public int MostInOneSecond { get; init; }

    /// <summary>The most arrivals at one host in any window of the configured limit; null without a limit.</summary>
    public int? MostInLimitWindow { get; init; }

    /// <summary>Length of that window in milliseconds.</summary>
    public long? LimitWindowMs { get; init; }

    public DateTimeOffset? First { get; init; }

    public DateTimeOffset? Last { get; init; }

    /// <summary>Calls by operation.</summary>
    public IReadOnlyDictionary<string, long> Operations { get; init; } = new Dictionary<string, long>();

    /// <summary>Calls by the token, or key, they came with.</summary>
    public IReadOnlyDictionary<string, long> Tokens { get; init; } = new Dictionary<string, long>();

    public KeysReport Keys { get; init; } = new();
}

public sealed record StatusClasses(long Ok2xx, long Redirect3xx, long Client4xx, long Server5xx);

public sealed record Refusals(long OverLimit, long OverConcurrency, long OverQuota, long RefusedToken)
{
    public long Total => OverLimit + OverConcurrency + OverQuota + RefusedToken;
}

/// <summary>What was asked for. A key is a handle together with the operation: asking for a profile and for its history is no duplicate.</summary>
public sealed record KeysReport
{
    /// <summary>Different keys.</summary>
    public long Distinct { get; init; }

    /// <summary>Times that a key was asked for, over all keys.</summary>
    public long Asked { get; init; }

    /// <summary>Times that its data was sent.</summary>
    public long Answered { get; init; }

    /// <summary>Times that its absence was told.</summary>
    public long NotFound { get; init; }

    /// <summary>Keys asked for more than once.</summary>
    public long AskedRepeatedly { get; init; }

    /// <summary>Keys whose data, or absence, was sent more than once: work done twice.</summary>
    public long AnsweredRepeatedly { get; init; }

    /// <summary>The keys asked for most, of those asked for more than once.</summary>
    public IReadOnlyList<RepeatedKey> Repeated { get; init; } = [];
}

public sealed record RepeatedKey(string Operation, string Key, int Asked, int Answered, int NotFound);
