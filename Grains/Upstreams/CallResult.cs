namespace OrleansBulk.Upstreams;

/// <summary>
/// What one call came to. Adapters read bodies into these; <see cref="UpstreamClient"/> decides from them about retries, the gate and the breaker, in one place.
/// Closed: the records below.
/// </summary>
public abstract record CallResult
{
    /// <summary>What it cost, over all tries.</summary>
    public CallCost Cost { get; init; } = CallCost.None;

    /// <summary>Tries made, over all asks for this item.</summary>
    public int Attempts { get; init; }
}

/// <summary>A good answer.</summary>
public sealed record CallAnswered<T>(T Value) : CallResult;

/// <summary>The upstream says that what was asked for does not exist, or that the question is wrong: asking again would not help.</summary>
/// <param name="Cause">The fingerprint by which such failures fold: <c>codeforces: handle not found</c>.</param>
/// <param name="Message">What the upstream said, about this one.</param>
public sealed record CallMissing(string Cause, string Message) : CallResult;

/// <summary>Too many calls. The gate pauses; no attempt is spent.</summary>
/// <param name="After">What the upstream said (Retry-After, a reset header); null when it said nothing.</param>
public sealed record CallThrottled(TimeSpan? After, string Reason) : CallResult;

/// <summary>Might go well on another try: 5xx, time-out, broken connection, cut body.</summary>
public sealed record CallTroubled(string Cause, string Message) : CallResult;

/// <summary>The upstream blocks us for minutes (an HTML challenge). The breaker opens at once; no attempt is spent.</summary>
public sealed record CallBlocked(TimeSpan AtLeast, string Reason) : CallResult;

/// <summary>An answer that cannot be data: schema drift, empty 200, HTML for JSON, repeated pages. Never stored; many in a row stop the upstream's items.</summary>
public sealed record CallGarbled(string Cause, string Message) : CallResult;

/// <summary>The upstream refuses the service itself: credentials, quota. Nothing of this upstream can succeed until somebody acts.</summary>
public sealed record CallRefused(string Reason) : CallResult;

/// <summary>Not now: the gate is closed, or the next try has to wait.</summary>
public sealed record CallDeferred(TimeSpan After, string Reason) : CallResult;
