namespace OrleansBulk.Upstreams;

/// <summary>
/// Shares one upstream's budget among silos: key <c>upstream/{name}</c>. A silo's gate asks for a lease of a share and may use just that until the lease ends.
/// The shares that are out never add up to more than the upstream's limit, also while they change hands.
/// </summary>
[Alias("OrleansBulk.IUpstreamGrain")]
public interface IUpstreamGrain : IGrainWithStringKey
{
    /// <summary>Asks for a share, or renews the one that is held; a share of nothing says when to ask again.</summary>
    [Alias("Renew")]
    Task<BudgetLease> RenewAsync(RenewLease request);

    /// <summary>Gives a share back before its time (a silo that stops, or a gate with nothing to do).</summary>
    [Alias("Release")]
    Task ReleaseAsync(ReleaseLease request);

    /// <summary>Tells every silo, with its next renewal, not to call before this many seconds have passed (Retry-After, an exhausted quota).</summary>
    [Alias("HoldOff")]
    Task HoldOffAsync(HoldOff request);

    /// <summary>Lowers the limits, or raises them again up to the configured ones. Kept over restarts; every silo follows with its next renewal.</summary>
    [Alias("SetLimits")]
    Task<LimitsInForce> SetLimitsAsync(SetLimits request);
}

/// <param name="Silo">Which silo's gate asks.</param>
/// <param name="Waiting">Calls that wait at the gate, for sharing by need.</param>
/// <param name="InFlight">Calls under way now: a share that was lowered counts in full until they are done.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.RenewLease")]
public sealed record RenewLease([property: Id(0)] string Silo, [property: Id(1)] int Waiting, [property: Id(2)] int InFlight);

[GenerateSerializer, Immutable, Alias("OrleansBulk.ReleaseLease")]
public sealed record ReleaseLease([property: Id(0)] string Silo, [property: Id(1)] int InFlight);

[GenerateSerializer, Immutable, Alias("OrleansBulk.HoldOff")]
public sealed record HoldOff([property: Id(0)] TimeSpan For, [property: Id(1)] string Reason);

/// <summary>
/// A share of an upstream's budget. Durations, not instants: the clocks of two machines differ.
/// </summary>
/// <param name="Concurrency">Calls at once; 0 means none now.</param>
/// <param name="Share">Part of each calls-per-period limit, as whole calls in the order of the configured limits.</param>
/// <param name="ValidFor">Counted from when the request was sent.</param>
/// <param name="AskAgainAfter">When to renew, or to ask again after a share of nothing.</param>
/// <param name="HoldOff">No call before this much time has passed.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.BudgetLease")]
public sealed record BudgetLease(
    [property: Id(0)] int Concurrency,
    [property: Id(1)] System.Collections.Immutable.ImmutableArray<int> Share,
    [property: Id(2)] TimeSpan ValidFor,
    [property: Id(3)] TimeSpan AskAgainAfter,
    [property: Id(4)] TimeSpan HoldOff,
    [property: Id(5)] string? HoldOffReason)
{
    /// <summary>The whole limits, of which this is a share; null: as configured.</summary>
    [Id(6)]
    public LimitsInForce? InForce { get; init; }
}

public static class UpstreamKeys
{
    public static string GrainKey(string upstream) => $"upstream/{upstream}";

    public static string Name(string grainKey) => grainKey["upstream/".Length..];
}
