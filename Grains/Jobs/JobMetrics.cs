using System.Diagnostics.Metrics;

namespace OrleansBulk.Jobs;

/// <summary>What jobs do on this silo, for <c>/metrics</c>.</summary>
public sealed class JobMetrics
{
    private readonly Counter<long> _items;
    private readonly Histogram<double> _commit;
    private readonly UpDownCounter<int> _running;

    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("OrleansBulk.Jobs");
        _items = meter.CreateCounter<long>("bulk_items", description: "Items with a committed outcome.");
        _commit = meter.CreateHistogram<double>("bulk_commit_seconds", "s", "Time that commits of outcomes took.");
        _running = meter.CreateUpDownCounter<int>("bulk_jobs_running", description: "Jobs with a pump on this silo.");
    }

    internal void Committed(string workload, long succeeded, long failed, long skipped, TimeSpan took)
    {
        _commit.Record(took.TotalSeconds);
        Count("succeeded", succeeded);
        Count("failed", failed);
        Count("skipped", skipped);

        void Count(string outcome, long items)
        {
            if (items > 0)
            {
                _items.Add(items, new KeyValuePair<string, object?>("workload", workload), new KeyValuePair<string, object?>("outcome", outcome));
            }
        }
    }

    internal void Started() => _running.Add(1);

    internal void Ended() => _running.Add(-1);
}
