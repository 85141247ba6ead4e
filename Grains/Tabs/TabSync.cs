using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>
/// The workload <c>tab-sync</c>: one item is one changed row of one tab. Rows get a position that is theirs for good, stored before anything is written there, so that a
/// row that is written again (after a crash, after a call whose answer was lost) is written to the same place.
/// </summary>
public sealed class TabSync(Database database, TabCatalog catalog, TabSource source, ITabDestination destination, UpstreamGates gates, TabOptions options, TimeProvider time, BackgroundPace? pace = null) : IWorkload
{
    public const string WorkloadName = "tab-sync";

    public string Name => WorkloadName;

    public bool IsBackground => true;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken)
    {
        var (read, problem) = TabSyncSpec.Read(spec, catalog);
        return Task.FromResult<SpecCheck>(read is null ? new SpecRejected(problem!) : new SpecAccepted(read.ToJson()));
    }

    /// <summary>What waits in the source now; a full sync compares all rows besides.</summary>
    public async Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken)
    {
        var read = TabSyncSpec.Parse(spec.Spec);
        var (items, calls) = (0L, 0L);
        foreach (var tab in read.Tabs.Select(catalog.Find).OfType<TabDefinition>())
        {
            var lag = await source.ReadLagAsync(tab, await new TabStore(database).FindWatermarkAsync(tab.Name, cancellationToken), tab.Limit, cancellationToken);
            items += lag.Rows;
            calls += (lag.Rows + tab.Batch - 1) / tab.Batch;
        }

        var upstream = gates.Catalog.Find(destination.Name);
        return new JobForecast(
            items, 0, 0, 0, upstream is null || calls == 0 ? new Dictionary<string, long>() : new Dictionary<string, long> { [upstream.Name] = calls },
            null, read.Incremental ? null : "all rows are compared, which these figures do not count");
    }

    public Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken) => Task.FromResult<long?>(null);

    public IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, CancellationToken cancellationToken) =>
        new TabPlan(jobId, TabSyncSpec.Parse(spec), catalog, source, database, destination, options, time, pace).ReadAsync(after, cancellationToken);

    public IWorkloadRun Start(JobTicket job) => new TabSyncRun(job, TabSyncSpec.Parse(job.Spec), database, catalog, source, destination, gates, options, time, pace);
}
