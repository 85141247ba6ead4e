using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Calls;

/// <summary>How long a call takes: it follows from seed, upstream and the number of the call.</summary>
internal static class LatencyDraw
{
    public static TimeSpan Of(Latency? latency, long seed, string upstream, long call)
    {
        if (latency is null || latency.MeanMs <= 0) return TimeSpan.Zero;
        if (latency.Distribution == LatencyDistribution.Fixed || latency.SpreadMs <= 0) return TimeSpan.FromMilliseconds(latency.MeanMs);
        var draw = Draw.For(seed, upstream, "latency", call);
        var ms = latency.Distribution == LatencyDistribution.Uniform
            ? latency.MeanMs + (2 * draw.Unit() - 1) * latency.SpreadMs
            : Lognormal(ref draw, latency.MeanMs, latency.SpreadMs);
        return TimeSpan.FromMilliseconds(Math.Max(0, ms));
    }

    private static double Lognormal(ref Draw draw, double mean, double deviation)
    {
        var variance = Math.Log(1 + deviation * deviation / (mean * mean));
        var normal = Math.Sqrt(-2 * Math.Log(1 - draw.Unit())) * Math.Cos(2 * Math.PI * draw.Unit());
        return Math.Min(mean + 10 * deviation, Math.Exp(Math.Log(mean) - variance / 2 + Math.Sqrt(variance) * normal));
    }
}
