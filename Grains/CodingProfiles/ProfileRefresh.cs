using System.Runtime.CompilerServices;
using System.Text.Json;
using NpgsqlTypes;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>The workload <c>profile-refresh</c>: one item is one profile; fresh ones are skipped, the others asked for through their grains.</summary>
public sealed class ProfileRefresh(Database database, CodingPlatforms platforms, UpstreamGates gates, UpstreamLimitStore limits, IGrainFactory grains, TimeProvider time) : IWorkload
{
    private const int PlanPage = 5000;

    public string Name => "profile-refresh";

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken)
    {
        var (accepted, problem) = RefreshSpec.Read(spec, platforms);
        return Task.FromResult<SpecCheck>(accepted is null ? new SpecRejected(problem!) : accepted);
    }

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) =>
        new RefreshForecast(database, platforms, gates, limits, time).MakeAsync(spec, concurrency, cancellationToken);

    private const string CountInputsSql = """
        -- name: CountInputs
        SELECT count(*) FROM job_inputs WHERE job_id = $1
        """;

    private const string CountFilteredSql = """
        -- name: CountFilteredProfiles
        SELECT count(*) FROM coding_profiles
        WHERE ($1::text IS NULL OR platform = $1) AND ($2::text IS NULL OR handle_key LIKE $2) AND ($3::text IS NULL OR owner = $3)
          AND ($4::timestamptz IS NULL OR fetched_at IS NULL OR fetched_at < $4) AND ($5::text IS NULL OR state = $5)
        """;

    public async Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var count = RefreshSpec.Parse(spec).Filter is { } filter ? connection.Sql(CountFilteredSql).With(filter) : connection.Sql(CountInputsSql).With(jobId);
        return (long?)await count.FirstAsync(row => (object)row.GetInt64(0), cancellationToken);
    }

    public IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, CancellationToken cancellationToken) =>
        RefreshSpec.Parse(spec).Filter is { } filter ? PlanFilterAsync(filter, after, cancellationToken) : PlanInputsAsync(jobId, after, cancellationToken);

    private const string PlanFilterSql = """
        -- name: PlanFilteredProfiles
        SELECT id, platform, handle FROM coding_profiles
        WHERE ($1::text IS NULL OR platform = $1) AND ($2::text IS NULL OR handle_key LIKE $2) AND ($3::text IS NULL OR owner = $3)
          AND ($4::timestamptz IS NULL OR fetched_at IS NULL OR fetched_at < $4) AND ($5::text IS NULL OR state = $5)
          AND ($6::uuid IS NULL OR id > $6)
        ORDER BY id LIMIT $7
        """;

    private async IAsyncEnumerable<PlannedItem> PlanFilterAsync(ProfileFilter filter, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Guid? last = after is null ? null : Guid.Parse(after);
        List<PlannedItem> page;
        do
        {
            await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(PlanFilterSql).With(filter).WithTyped(NpgsqlDbType.Uuid, last).With(PlanPage)
                    .ListAsync(row => ProfileItem.Plan(row.GetGuid(0), $"{row.GetString(1)}/{row.GetString(2)}", false, row.GetGuid(0).ToString("D")), cancellationToken);
            }

            foreach (var item in page)
            {
                yield return item;
            }

            last = page.Count > 0 ? Guid.Parse(page[^1].Cursor!) : last;
        }
        while (page.Count == PlanPage);
    }

    private const string PlanInputsSql = """
        -- name: PlanInputProfiles
        SELECT i.ord, i.value, i.duplicate, p.platform, p.handle
        FROM job_inputs i LEFT JOIN coding_profiles p ON p.id = i.value::uuid
        WHERE i.job_id = $1 AND i.ord > $2
        ORDER BY i.ord LIMIT $3
        """;

    private async IAsyncEnumerable<PlannedItem> PlanInputsAsync(Guid jobId, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = after is null ? -1 : long.Parse(after);
        List<PlannedItem> page;
        do
        {
            await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(PlanInputsSql).With(jobId).With(last).With(PlanPage)
                    .ListAsync(row => ProfileItem.Plan(Guid.Parse(row.GetString(1)), row.IsDBNull(3) ? row.GetString(1) : $"{row.GetString(3)}/{row.GetString(4)}", row.GetBoolean(2), row.GetInt64(0).ToString()), cancellationToken);
            }

            foreach (var item in page)
            {
                yield return item;
            }

            last = page.Count > 0 ? long.Parse(page[^1].Cursor!) : last;
        }
        while (page.Count == PlanPage);
    }

    public IWorkloadRun Start(JobTicket job) => new ProfileRefreshRun(job, RefreshSpec.Parse(job.Spec).MaxAge, database, platforms, gates, grains, time);
}

/// <summary>How a profile is stored as an item: its id, marked when it stands further up in the input already.</summary>
internal static class ProfileItem
{
    private const string Duplicate = "duplicate";

    public static PlannedItem Plan(Guid id, string key, bool duplicate, string cursor) => new(key, duplicate ? $"[\"{id:D}\",\"{Duplicate}\"]" : $"\"{id:D}\"", cursor);

    public static (Guid Id, bool Duplicate) Read(Item item) => item.Data![0] == '['
        ? (Guid.Parse(item.Data.AsSpan(2, 36)), true)
        : (Guid.Parse(item.Data.AsSpan(1, 36)), false);
}
