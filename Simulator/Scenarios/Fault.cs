namespace OrleansBulk.Simulator.Scenarios;

/// <summary>
/// Something that goes wrong: what (<see cref="Kind"/> and the fields that belong to it) and when (all the conditions given must hold;
/// a fault without any condition applies to every call).
/// </summary>
public sealed record Fault
{
    public FaultKind Kind { get; init; }

    // --- when ---

    /// <summary>Chance for each call, above 0 to 1; follows from the seed and the number of the call. Default: not by chance.</summary>
    public double? Probability { get; init; }

    /// <summary>Only every n-th of the calls it looks at: n, 2n, 3n, … Default: all.</summary>
    public int? EveryNth { get; init; }

    /// <summary>Only the next n of the calls it looks at, counted from when this fault came into the scenario. Default: all.</summary>
    public int? NextCalls { get; init; }

    /// <summary>Only from so many seconds after it came into the scenario. Default 0.</summary>
    public double? FromSeconds { get; init; }

    /// <summary>Only until so many seconds after it came into the scenario. Default: for ever.</summary>
    public double? UntilSeconds { get; init; }

    /// <summary>Looks at calls of this operation only (<c>user.info</c>; names as in the journal). Default: all.</summary>
    public string? Operation { get; init; }

    /// <summary>Looks at calls that ask for a handle starting so, without case. Default: all.</summary>
    public string? HandlePrefix { get; init; }

    // --- what ---

    /// <summary>
    /// For <see cref="FaultKind.Status"/>: 400 to 599, default 500; 403 is a Cloudflare challenge, 502 to 504 are nginx pages, 500 is JSON,
    /// 401 and 429 are in the upstream's own words. For <see cref="FaultKind.OverLimit"/>: 200, 403, 429 or 503, default as for its limit.
    /// </summary>
    public int? Status { get; init; }

    /// <summary>
    /// For <see cref="FaultKind.Status"/> at the chat upstreams: which of the errors with this status (<c>insufficient_quota</c>, <c>slow_down</c>,
    /// <c>context_length_exceeded</c>, <c>enforced_spend_limit_reached</c>, …), or <c>html</c> for a page of the edge. Default: the common one.
    /// </summary>
    public string? Code { get; init; }

    /// <summary>For <see cref="FaultKind.Status"/> and <see cref="FaultKind.OverLimit"/>: the Retry-After header. Default none.</summary>
    public RetryAfter? RetryAfter { get; init; }

    /// <summary>For <see cref="FaultKind.MissingField"/> and <see cref="FaultKind.RenamedField"/>: the name of the field, at any depth.</summary>
    public string? Field { get; init; }

    /// <summary>For <see cref="FaultKind.RenamedField"/>: its new name.</summary>
    public string? To { get; init; }

    /// <summary>For <see cref="FaultKind.SlowBody"/>: milliseconds from the first byte to the last. Default 1000.</summary>
    public double DurationMs { get; init; } = 1000;
}

public enum FaultKind
{
    /// <summary>An error answer with <see cref="Fault.Status"/>.</summary>
    Status,

    /// <summary>What the upstream says over its limit, in its own words.</summary>
    OverLimit,

    /// <summary>Never answers: the call ends when the client leaves.</summary>
    Hang,

    /// <summary>Does what was asked for, and then never answers: the caller cannot know.</summary>
    Unanswered,

    /// <summary>Closes the connection without an answer.</summary>
    Disconnect,

    /// <summary>Announces the whole length, sends half of the body, closes the connection.</summary>
    CutBody,

    /// <summary>200 with a maintenance page.</summary>
    Html,

    /// <summary>200 with no body.</summary>
    EmptyBody,

    /// <summary>The answer to the call before it of the same operation, whoever was asked for.</summary>
    Repeated,

    /// <summary>An answer from the revision before.</summary>
    Stale,

    /// <summary>The right answer without <see cref="Fault.Field"/>.</summary>
    MissingField,

    /// <summary>The right answer with <see cref="Fault.Field"/> called <see cref="Fault.To"/>.</summary>
    RenamedField,

    /// <summary>Chat upstreams: words where something else was asked for. The answer of others is right.</summary>
    Babble,

    /// <summary>Chat upstreams: the answer ends in the middle because of its length.</summary>
    CutAnswer,

    /// <summary>Chat upstreams: half of a stream, then an error in it. An answer that does not stream is right.</summary>
    StreamError,

    /// <summary>The right answer in ten pieces over <see cref="Fault.DurationMs"/>.</summary>
    SlowBody,
}
