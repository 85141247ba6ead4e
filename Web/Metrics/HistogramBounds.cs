using System.Diagnostics.Metrics;
using System.Numerics;

namespace OrleansBulk.Web.Metrics;

/// <summary>Where the buckets of a histogram lie: where its instrument advises, else by its unit.</summary>
internal static class HistogramBounds
{
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
    private static readonly double[] Milliseconds = [.. Seconds.Select(seconds => seconds * 1000)];
    private static readonly double[] Bytes = [.. Enumerable.Range(4, 10).Select(power => Math.Pow(4, power))]; // 256 bytes to 64 MB
    private static readonly double[] Counts = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

    public static double[] Of(Instrument instrument)
    {
        var advised = instrument switch
        {
            Instrument<double> typed => Advised(typed),
            Instrument<float> typed => Advised(typed),
            Instrument<long> typed => Advised(typed),
            Instrument<int> typed => Advised(typed),
            Instrument<short> typed => Advised(typed),
            Instrument<byte> typed => Advised(typed),
            Instrument<decimal> typed => Advised(typed),
            _ => [],
        };
        return advised.Length > 0 ? advised : instrument.Unit switch
        {
            "s" => Seconds,
            "ms" => Milliseconds,
            "By" => Bytes,
            _ => Counts,
        };
    }

    private static double[] Advised<T>(Instrument<T> instrument)
        where T : struct, INumber<T> =>
        [.. (instrument.Advice?.HistogramBucketBoundaries ?? []).Select(double.CreateSaturating).Where(double.IsFinite)];
}
