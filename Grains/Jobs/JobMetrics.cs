using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace OrleansBulk.Jobs;

/// <summary>What jobs do on this silo, for <c>/metrics</c>.</summary>
public sealed class JobMetrics
{
    private readonly Counter<long> _items;
    private readonly Histogram<double> _commit;
    private readonly UpDownCounter<int> _running;
    private readonly ConcurrentDictionary<Guid, string> _workloads = new(); // of the jobs that run

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

    /// <summary>What runs on this silo now, in words: <c>2 profile-refresh, 1 profile-ingest</c>.</summary>
    public string Beside() => _workloads.IsEmpty
        ? "no job"
        : string.Join(", ", _workloads.Values.CountBy(workload => workload).OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}"));

    internal void Started(Guid jobId, string workload)
    {
        _workloads[jobId] = workload;
        _running.Add(1);
    }

    internal void Ended(Guid jobId)
    {
        _workloads.TryRemove(jobId, out _);
        _running.Add(-1);
    }
}
