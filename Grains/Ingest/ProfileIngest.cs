using System.Text.Json;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>
/// The workload <c>profile-ingest</c>: one item is one scraped profile. All valid ones go into <c>raw_scraped_profiles</c>; those whose id is new also into
/// <c>global_usernames</c> and have succeeded, the others are skipped; invalid ones have failed.
/// </summary>
public sealed class ProfileIngest(Database database) : IMergeWorkload
{
    public const string WorkloadName = "profile-ingest";
    public const string RejectedCause = "rejected";
    public const string KnownReason = "the id is known already, or stands further up in the same body";

    /// <summary>Rows that one transaction merges: at 50,000 the index on ids is walked so often that 500,000 rows take a quarter longer, more than 100,000 gain nothing.</summary>
    internal const int RowsPerMerge = 100_000;

    /// <summary>So many are sorted in PostgreSQL's default memory of 4 MB.</summary>
    private const int FewRows = 10_000;

    public string Name => WorkloadName;

    public int ChunksPerMerge => RowsPerMerge / Chunk.MaxItems;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) =>
        Task.FromResult<SpecCheck>(new SpecRejected("An ingest starts with its rows: send them to POST /api/ingest."));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken) =>
        throw new NotSupportedException("No spec of an ingest is accepted, so there is none to forecast.");

    private const string RawSql = """
        -- name: MergeRaw
        INSERT INTO raw_scraped_profiles (ingested_at, job_id, ord, id, username, full_name, extra)
        SELECT $1, $2, ord, id, username, full_name, extra FROM ingest_staging WHERE ord >= $3 AND ord < $4 AND problem IS NULL
        """;

    // In the order of ids: two ingests that bring the same ones wait for each other, but never crosswise. Of equal ids the first row wins.
    private const string UsernamesSql = """
        -- name: MergeUsernames
        WITH added AS (
            INSERT INTO global_usernames (id, username, full_name, ingested_at, job_id, ord)
            SELECT id, username, full_name, $1, $2, ord FROM ingest_staging WHERE ord >= $3 AND ord < $4 AND problem IS NULL
            ORDER BY id, ord
            ON CONFLICT (id) DO NOTHING
            RETURNING ord)
        SELECT array_agg(ord - $3) FROM added GROUP BY ord / 1000
        """;

    private const string RejectedSql = """
        -- name: MergeRejected
        SELECT ord, coalesce(id, ''), problem FROM ingest_staging WHERE ord >= $1 AND ord < $2 AND problem IS NOT NULL ORDER BY ord
        """;

    public async Task WriteAheadAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken)
    {
        var (from, to) = Places(range);
        await connection.Sql(StagingTable.For(RawSql, job.Id)).With(job.CreatedAt).With(job.Id).With(from).With(to).RunAsync(cancellationToken);
    }

    public async Task<MergeOutcome> MergeAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken)
    {
        var (from, to) = Places(range);
        if (range.Items > FewRows)
        {
            await connection.Sql("SET LOCAL work_mem = '64MB'").RunAsync(cancellationToken); // sorted in memory, not on disk
        }

        var added = await connection.Sql(StagingTable.For(UsernamesSql, job.Id)).With(job.CreatedAt).With(job.Id).With(from).With(to)
            .ListAsync(row => row.GetFieldValue<int[]>(0), cancellationToken);
        var failures = IngestSpec.Parse(job.Spec).Rejected == 0 ? [] : await connection.Sql(StagingTable.For(RejectedSql, job.Id)).With(from).With(to)
            .ListAsync(row => new MergeFailure(row.GetInt32(0), row.GetString(1), RejectedCause, row.GetString(2)), cancellationToken);
        var letters = new char[range.Items];
        Array.Fill(letters, OutcomeLetter.Skipped);
        foreach (var place in added.SelectMany(places => places))
        {
            letters[place] = OutcomeLetter.Succeeded;
        }

        foreach (var failure in failures)
        {
            letters[failure.Ordinal - range.First] = OutcomeLetter.Failed;
        }

        return new MergeOutcome(letters, failures, KnownReason);
    }

    private static (int From, int To) Places(MergeRange range) => ((int)range.First, (int)range.First + range.Items);

    public async Task ForgetAsync(Guid jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql($"DROP TABLE IF EXISTS {StagingTable.Of(jobId)}").RunAsync(cancellationToken);
    }
}
