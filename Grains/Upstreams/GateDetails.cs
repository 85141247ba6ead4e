namespace OrleansBulk.Upstreams;

/// <summary>A gate at one moment, closer than <see cref="GateView"/>.</summary>
/// <param name="Share">Calls at once that this silo holds of the upstream's budget; 0 while it needs none.</param>
/// <param name="Limits">The calls-per-period limits in force.</param>
/// <param name="Flows">Who calls or waits, the longest line first.</param>
/// <param name="BreakerReason">Why the breaker is not closed; null when it is.</param>
/// <param name="BreakerOpenFor">How long it stays open yet; null when it is not.</param>
public sealed record GateDetails(
    int Share, IReadOnlyList<CallLimitUse> Limits, IReadOnlyList<GateFlowView> Flows, string? BreakerReason, TimeSpan? BreakerOpenFor);

/// <param name="Share">Calls that this silo may make in a period.</param>
/// <param name="Used">Calls that it made in the period that ends now.</param>
public sealed record CallLimitUse(CallLimit Limit, int Share, int Used);

/// <param name="Name">A job's id, or <see cref="FlowTicket.Interactive"/>.</param>
public sealed record GateFlowView(string Name, int Waiting, int InFlight);
