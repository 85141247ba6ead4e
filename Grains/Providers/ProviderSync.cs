using System.Runtime.CompilerServices;
using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Providers;

/// <summary>
/// The workload <c>provider-sync</c>: one item is one page of one query to the registry. The plan brings the first pages; a full first page spawns the others,
/// and a query with more rows than can be reached spawns the narrower ones that cover it.
/// </summary>
public sealed class ProviderSync(Database database, UpstreamGates gates, UpstreamLimitStore limits, TimeProvider time) : IWorkload
{
    public const string WorkloadName = "provider-sync";

    /// <summary>Answers younger than this are not asked for again.</summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    public string Name => WorkloadName;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken)
    {
        var (read, problem) = SyncSpec.Read(spec);
        return Task.FromResult<SpecCheck>(read is null ? new SpecRejected(problem!) : new SpecAccepted(read.ToJson()));
    }

    private const string KnownSql = """
        -- name: ForecastProviderPages
        SELECT count(*) FROM provider_pages WHERE query = ANY($1) AND fetched_at > $2
        """;

    /// <summary>At least so much: how many queries hold more than a page, and how many must be split, only the registry can tell.</summary>
    public async Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken)
    {
        var queries = SyncSpec.Parse(spec.Spec).Queries().Select(query => new RegistryPart(query, 0).PageKey).ToArray();
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var known = (long)(await connection.Sql(KnownSql).With(queries).With(time.GetUtcNow() - Fresh).FirstAsync(row => (object)row.GetInt64(0), cancellationToken))!;
        var calls = queries.Length - known;
        var configured = gates.Catalog.Get(NppesClient.Upstream);
        var upstream = (await limits.ListAsync(cancellationToken)).GetValueOrDefault(configured.Name)?.Of(configured) ?? configured;
        var rate = upstream.CallsPerSecond ?? upstream.Concurrency * 2;
        return new JobForecast(
            queries.Length, 0, 0, known,
            calls == 0 ? new Dictionary<string, long>() : new Dictionary<string, long> { [configured.Name] = calls },
            calls == 0 ? null : new EtaRange((long)Math.Floor(calls / rate), (long)Math.Ceiling(calls * RegistryQuery.Pages / rate) + 2),
            calls == 0 ? null : $"{upstream.Name}: {upstream.Concurrency} at once{string.Concat(upstream.Limits.Select(limit => $", {limit}"))}; these are the first pages, and queries with more rows make further calls");
    }

    public Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken) => Task.FromResult<long?>(SyncSpec.Parse(spec).Count);

    public async IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask; // everything follows from the spec
        var read = SyncSpec.Parse(spec);
        foreach (var (place, query) in read.Queries().Index().Skip(after is null ? 0 : int.Parse(after) + 1))
        {
            yield return new RegistryPart(query, 0).Plan(read.Specialties[query.Specialty - 1].Description, place.ToString());
        }
    }

    public IWorkloadRun Start(JobTicket job) => new ProviderSyncRun(job, SyncSpec.Parse(job.Spec), database, gates, time);
}
