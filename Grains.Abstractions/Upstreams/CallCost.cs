namespace OrleansBulk.Upstreams;

/// <summary>
/// What one answer cost. In a call shared by many items the call counts for the first of them and was avoided for the others, so that sums are true.
/// </summary>
/// <param name="Calls">Calls sent.</param>
/// <param name="Avoided">Calls not needed because of memory, joining or batching.</param>
/// <param name="Retries">Calls among <paramref name="Calls"/> that repeated a failed one.</param>
/// <param name="Calling">Time the upstream took.</param>
/// <param name="AtLimit">Time spent waiting because of the limits (concurrency, calls per period, Retry-After).</param>
/// <param name="Backoff">Time spent waiting between tries.</param>
/// <param name="Parked">Time spent waiting for the breaker.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.CallCost")]
public sealed record CallCost(
    [property: Id(0)] int Calls,
    [property: Id(1)] int Avoided,
    [property: Id(2)] int Retries,
    [property: Id(3)] TimeSpan Calling,
    [property: Id(4)] TimeSpan AtLimit,
    [property: Id(5)] TimeSpan Backoff,
    [property: Id(6)] TimeSpan Parked)
{
    public static readonly CallCost None = new(0, 0, 0, default, default, default, default);

    /// <summary>An answer that another call, or memory, had already paid for.</summary>
    public static readonly CallCost Spared = None with { Avoided = 1 };

    public static CallCost operator +(CallCost a, CallCost b) => ReferenceEquals(a, None) ? b : ReferenceEquals(b, None) ? a : Add(a, b);

    public static CallCost Add(CallCost a, CallCost b) => new(
        a.Calls + b.Calls, a.Avoided + b.Avoided, a.Retries + b.Retries, a.Calling + b.Calling, a.AtLimit + b.AtLimit, a.Backoff + b.Backoff, a.Parked + b.Parked);
}
