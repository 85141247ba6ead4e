using System.Diagnostics.Metrics;

namespace OrleansBulk.Upstreams;

/// <summary>What calls to upstreams came to, for <c>/metrics</c>.</summary>
public sealed class UpstreamMetrics
{
    private readonly Counter<long> _calls;
    private readonly Histogram<double> _duration;

    public UpstreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansBulk.Upstreams");
        _calls = meter.CreateCounter<long>("bulk_upstream_calls", description: "Calls to upstreams by what they came to.");
        _duration = meter.CreateHistogram<double>("bulk_upstream_call_seconds", "s", "Time that calls to upstreams took.");
    }

    internal void Called(string upstream, CallResult result, TimeSpan took)
    {
        var name = new KeyValuePair<string, object?>("upstream", upstream);
        _calls.Add(1, name, new KeyValuePair<string, object?>("result", Word(result)));
        _duration.Record(took.TotalSeconds, name);
    }

    private static string Word(CallResult result) => result switch
    {
        CallMissing => "missing",
        CallThrottled => "throttled",
        CallTroubled => "troubled",
        CallBlocked => "blocked",
        CallGarbled => "garbled",
        CallRefused => "refused",
        _ => "answered",
    };
}
