using OrleansBulk.Upstreams;

namespace OrleansBulk.Web.Api;

/// <summary>An upstream on the wire: its limits, which hold over all silos, and what this silo's gate does within them.</summary>
/// <param name="Lowered">Who set other limits than the configured ones; null: nobody.</param>
/// <param name="Gate">Null while this silo made no call to it since its start.</param>
public sealed record UpstreamView(string Name, bool Enabled, UpstreamLimitsView Configured, UpstreamLimitsView InForce, LoweredView? Lowered, GateStateView? Gate)
{
    internal static UpstreamView Of(UpstreamOptions upstream, LoweredLimits? lowered, (GateView View, GateDetails Details)? gate) => new(
        upstream.Name, upstream.Enabled, UpstreamLimitsView.Of(upstream), UpstreamLimitsView.Of(lowered?.Of(upstream) ?? upstream),
        lowered is null ? null : new LoweredView(lowered.SetBy, lowered.SetAt),
        gate is { } known ? GateStateView.Of(known.View, known.Details) : null);
}

/// <param name="Concurrency">Calls at once.</param>
/// <param name="CallsPerSecond">The slowest of <paramref name="Limits"/>; null when there is none.</param>
/// <param name="Limits">Calls per period, such as <c>1 per 2s</c>; all of them hold.</param>
public sealed record UpstreamLimitsView(int Concurrency, double? CallsPerSecond, IReadOnlyList<string> Limits)
{
    internal static UpstreamLimitsView Of(UpstreamOptions upstream) => new(upstream.Concurrency, upstream.CallsPerSecond, [.. upstream.Limits.Select(limit => limit.ToString())]);
}

public sealed record LoweredView(string By, DateTimeOffset At);

/// <summary>This silo's gate. Counts are calls since the start of the silo.</summary>
/// <param name="Share">Calls at once that this silo holds of the upstream's budget; 0 while it needs none.</param>
/// <param name="Breaker">closed, open or probing.</param>
/// <param name="BoundBy">What holds calls back now; null when nothing does.</param>
/// <param name="Waiting">Calls that wait, over all flows.</param>
public sealed record GateStateView(
    int Share, IReadOnlyList<LimitShareView> LimitShares, int InFlight, int Waiting, IReadOnlyList<FlowView> Flows, double CallsPerSecond, double? LatencySeconds,
    string Breaker, string? BreakerReason, double? BreakerOpenSeconds, string? BoundBy, long Calls, long Throttled, long Troubled)
{
    internal static GateStateView Of(GateView gate, GateDetails details) => new(
        details.Share, [.. details.Limits.Select(limit => new LimitShareView(limit.Limit.ToString(), limit.Share, limit.Used))], gate.InFlight, gate.Waiting,
        [.. details.Flows.Select(flow => new FlowView(flow.Name, flow.Waiting, flow.InFlight))], gate.CallsPerSecond, gate.Latency?.TotalSeconds,
        gate.Breaker, details.BreakerReason, details.BreakerOpenFor?.TotalSeconds, gate.BoundBy, gate.Calls, gate.Throttled, gate.Troubled);
}

/// <param name="Share">This silo's part of the limit's calls.</param>
/// <param name="Used">Calls it made in the period that ends now.</param>
public sealed record LimitShareView(string Limit, int Share, int Used);

/// <param name="Name">A job's id, or <c>interactive</c>: people who wait.</param>
public sealed record FlowView(string Name, int Waiting, int InFlight);
