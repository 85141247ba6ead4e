namespace OrleansBulk.Web.Metrics;

/// <summary>What Prometheus tells apart. Up-down counters are gauges to it.</summary>
internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}
