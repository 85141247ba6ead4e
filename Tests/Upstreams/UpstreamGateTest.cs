using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

/// <summary>A gate on a clock that tests move.</summary>
public abstract class UpstreamGateTest : IDisposable
{
    private UpstreamGate? _gate;

    protected static TimeSpan Minute { get; } = TimeSpan.FromMinutes(1);

    protected ManualTime Time { get; } = new();

    public void Dispose()
    {
        _gate?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected UpstreamGate Gate(int concurrency, string limits = "none", int breakerFailures = 8, bool leased = false) =>
        _gate = new UpstreamGate(UpstreamTests.Options(concurrency, limits) with { BreakerFailures = breakerFailures }, Time, NullLogger.Instance, leased);

    private protected static Task<GateEntry> Enter(
        UpstreamGate gate, string flow = "job", int flowConcurrency = 0, TimeSpan? wait = null, CancellationToken cancellationToken = default) =>
        gate.EnterAsync(new FlowTicket(flow, flowConcurrency), wait ?? Minute, cancellationToken).AsTask();

    /// <summary>Makes a good call that takes so long.</summary>
    private protected void Call(UpstreamGate gate, TimeSpan took)
    {
        var permit = Enter(gate).Permit();
        Time.Advance(took);
        permit.Complete(CallVerdict.Good);
    }
}
