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

    public async Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken)
    {
        var (read, problem) = SyncSpec.Read(spec);
        if (read is null)
        {
            return new SpecRejected(problem!);
        }

        var learned = new List<Specialty>(read.Specialties.Count);
        foreach (var specialty in read.Specialties)
        {
            if (!specialty.LacksDescription)
            {
                learned.Add(specialty);
            }
            else if (await LearnAsync(specialty.Code, cancellationToken) is { } description)
            {
                learned.Add(specialty.Learn(description));
            }
            else
            {
                return new SpecRejected(
                    $$"""{{specialty.Code}} has the form of a taxonomy code, but the registry is searched by description only, and no answer of it with this code is stored from which that could be learned. Send the description too, {"code": "{{specialty.Code}}", "description": …}: the specialization alone, or the classification alone where there is none; or the description without the code.""");
            }
        }

        return new SpecAccepted((read with { Specialties = learned }).ToJson());
    }

    private const string LearnSql = """
        -- name: LearnTaxonomyDescription
        SELECT t->>'desc' FROM providers p, jsonb_array_elements(p.answer->'taxonomies') t
        WHERE p.taxonomy = $1 AND p.answer IS NOT NULL AND t->>'code' = $1 AND length(t->>'desc') > 2 LIMIT 1
        """;

    /// <summary>How the registry describes a code, as a stored answer tells; null when none does.</summary>
    private async Task<string?> LearnAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(LearnSql).With(code).FirstAsync(row => row.GetString(0), cancellationToken);
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
