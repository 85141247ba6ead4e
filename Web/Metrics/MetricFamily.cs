using System.Collections.Concurrent;

namespace OrleansBulk.Web.Metrics;

/// <summary>All series of one name. Their number is bounded: beyond <see cref="MostSeries"/>, further label sets share one series that says so.</summary>
internal sealed class MetricFamily
{
    public const int MostSeries = 1_000;
    public const string Overflow = "otel_metric_overflow=\"true\"";

    // Written by whoever measures, read by the one that writes the text.
    private readonly ConcurrentDictionary<string, MetricSeries> _series = new();
    private readonly ConcurrentDictionary<string, MetricSeries>.AlternateLookup<ReadOnlySpan<char>> _lookup;
        private int _round;

    public MetricFamily(string name, string help, MetricKind kind, bool observed, double[] bounds)
    {
        (Name, Help, Kind, Observed, Bounds) = (name, help, kind, observed, bounds);
        _lookup = _series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public string Name { get; }

    public string Help { get; }

    public MetricKind Kind { get; }

    /// <summary>The values are asked for at each collection, and a series that is not given then has gone.</summary>
    public bool Observed { get; }

    /// <summary>Upper bounds of the buckets, ascending, without infinity; empty for counters and gauges.</summary>
    public double[] Bounds { get; }

    public IEnumerable<MetricSeries> Series => _series.Values.OrderBy(series => series.Labels, StringComparer.Ordinal);

    /// <summary>Takes one measurement of an instrument that adds up.</summary>
    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (double.IsNaN(value) || (value < 0 && Kind == MetricKind.Counter))
        {
            return; // a counter never falls: one that did would look like a restart
        }

        var series = Find(tags);
        if (Kind == MetricKind.Histogram)
        {
            series.Record(value);
        }
        else
        {
            series.Add(value);
        }
    }

    /// <summary>Takes one measurement of an instrument that says where it stands.</summary>
    public void Set(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = Find(tags);
        series.Round = _round;
        series.Set(value);
    }

    public void BeginCollection() => _round++;

    /// <summary>Forgets what was not observed in this collection.</summary>
    public void EndCollection()
    {
        if (!Observed)
        {
            return;
        }

        foreach (var (labels, series) in _series)
        {
            if (series.Round != _round)
            {
                _series.TryRemove(labels, out _);
            }
        }
    }

    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> buffer = stackalloc char[512];
        var length = LabelText.Write(tags, buffer);
        if (length < 0)
        {
            buffer = new char[LabelText.MostTags * (LabelText.LongestValue * 2 + 128)]; // many long values: rare enough to allocate
            length = LabelText.Write(tags, buffer);
        }

        ReadOnlySpan<char> labels = length < 0 ? Overflow : buffer[..length];
        return _lookup.TryGetValue(labels, out var known) ? known : Make(labels.ToString());
    }

    private MetricSeries Make(string labels)
    {
        labels = _series.Count < MostSeries ? labels : Overflow;
        return _series.GetOrAdd(labels, static (labels, bounds) => new(labels, bounds), Bounds);
    }
}
