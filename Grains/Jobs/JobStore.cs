using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>Jobs as pages and the HTTP API see them: accepting, finding, listing. On the interactive lane.</summary>
public sealed class JobStore(Database database)
{
    private const string AcceptSql = """
        -- name: AcceptJob
        INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, idempotency_key, request_hash, created_by, created_at)
        VALUES ($1, $2, $3, 'queued', $4, $5, $6, $7, $8, now())
        ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
        """;

    private const string FindByKeySql = """
        -- name: FindJobByIdempotencyKey
        SELECT id, request_hash FROM jobs WHERE idempotency_key = $1
        """;

    private const string CopyInputsSql = "COPY job_inputs (job_id, ord, value, duplicate) FROM STDIN (FORMAT BINARY)";

    /// <summary>Stores a job with its inputs, or finds the one that was stored under the same idempotency key before.</summary>
    public async Task<AcceptReply> AcceptAsync(NewJob job, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var inserted = await connection.Sql(AcceptSql)
            .With(job.Id).With(job.Workload).WithTyped(NpgsqlDbType.Json, job.Spec.Spec).With(job.Mode.Wire()).With(job.MaxConcurrency)
            .WithText(job.IdempotencyKey).With(job.RequestHash).With(job.CreatedBy)
            .RunAsync(cancellationToken);
        if (inserted == 1)
        {
            if (job.Spec.Inputs is { } inputs)
            {
                await CopyInputsAsync(connection, job.Id, inputs, cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
            return new JobTaken(job.Id, IsNew: true);
        }

        return await FindByKeyAsync(connection, job.IdempotencyKey!, job.RequestHash, cancellationToken);
    }

    private static async Task<AcceptReply> FindByKeyAsync(NpgsqlConnection connection, string key, string requestHash, CancellationToken cancellationToken)
    {
        var known = await connection.Sql(FindByKeySql).With(key).FirstAsync(row => new KnownKey(row.GetGuid(0), row.GetString(1)), cancellationToken)
            ?? throw new InvalidOperationException($"The idempotency key '{key}' was taken and is gone again: its job was deleted in this moment. Send the request once more.");
        return known.RequestHash == requestHash ? new JobTaken(known.Id, IsNew: false) : new IdempotencyKeyReused(known.Id);
    }

    private static async Task CopyInputsAsync(NpgsqlConnection connection, Guid id, IReadOnlyList<JobInput> inputs, CancellationToken cancellationToken)
    {
        await using var copy = await connection.BeginBinaryImportAsync(CopyInputsSql, cancellationToken);
        for (var i = 0; i < inputs.Count; i++)
        {
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(id, NpgsqlDbType.Uuid, cancellationToken);
            await copy.WriteAsync((long)i, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(inputs[i].Value, NpgsqlDbType.Text, cancellationToken);
            await copy.WriteAsync(inputs[i].Duplicate, NpgsqlDbType.Boolean, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }

    private const string AcceptStagedSql = """
        -- name: AcceptStagedJob
        WITH job AS (
            INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, idempotency_key, request_hash, created_by, created_at, plan_done, planned, expected, next_chunk)
            VALUES ($1, $2, $3, 'queued', $4, 1, $10, $5, $6, $7, true, $8::bigint, $8, (($8 + $9::bigint - 1) / $9)::integer)
            ON CONFLICT (idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
            RETURNING id),
        stored AS (
            INSERT INTO chunks (job_id, no, first_ordinal, items, outcomes)
            SELECT job.id, no, no * $9, 'null', repeat('.', least($9, $8 - no * $9)::integer)
            FROM job, generate_series(0, ($8 + $9 - 1) / $9 - 1) AS no)
        SELECT id FROM job
        """;

    /// <summary>
    /// Stores a job whose items are rows that its workload (an <see cref="IMergeWorkload"/>) has staged, inside the transaction that staged them: chunks without items,
    /// nothing left to plan. Begin it when the transaction is committed; unless it is new, roll the transaction back.
    /// </summary>
    public static async Task<AcceptReply> AcceptStagedAsync(NpgsqlConnection connection, StagedJob job, CancellationToken cancellationToken)
    {
        var stored = await connection.Sql(AcceptStagedSql)
            .With(job.Id).With(job.Workload).WithTyped(NpgsqlDbType.Json, job.Spec).With(JobMode.HighPerformance.Wire()).With(job.RequestHash).With(job.CreatedBy).With(job.CreatedAt)
            .With(job.Items).With((long)Chunk.MaxItems).WithText(job.IdempotencyKey)
            .FirstAsync(row => new JobTaken(row.GetGuid(0), IsNew: true), cancellationToken);
        return stored ?? await FindByKeyAsync(connection, job.IdempotencyKey!, job.RequestHash, cancellationToken);
    }

    private const string FindSql = $"""
        -- name: FindJob
        SELECT {JobRow.Columns} FROM jobs WHERE id = $1
        """;

    public async Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(JobRow.Read, cancellationToken);
    }

    private const string SpecSql = """
        -- name: ReadSpec
        SELECT spec::text FROM jobs WHERE id = $1
        """;

    /// <summary>The spec as stored, or null when there is no such job.</summary>
    public async Task<string?> ReadSpecAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(SpecSql).With(id).FirstAsync(row => row.GetString(0), cancellationToken);
    }

    private const string ListSql = $"""
        -- name: ListJobs
        SELECT {JobRow.Columns} FROM jobs
        WHERE ($1::text IS NULL OR workload = $1) AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC
        LIMIT $4
        """;

    private const string Searched = "($1::text IS NULL OR workload = $1) AND ($2::text IS NULL OR status = $2) AND ($3::uuid IS NULL OR id < $3)";

    // Each branch reads an index of its own and brings a page at most.
    private const string SearchSql = $"""
        -- name: SearchJobs
        WITH found AS (
            (SELECT id FROM jobs WHERE id BETWEEN $6 AND $7 AND {Searched} ORDER BY id DESC LIMIT $4)
            UNION (SELECT id FROM jobs WHERE right(id::text, 8) = $5 AND {Searched} ORDER BY id DESC LIMIT $4)
            UNION (SELECT id FROM jobs WHERE idempotency_key LIKE $8 AND {Searched} ORDER BY id DESC LIMIT $4)
            UNION (SELECT id FROM jobs WHERE created_by = $5 AND {Searched} ORDER BY id DESC LIMIT $4)
        )
        SELECT {JobRow.Columns} FROM jobs WHERE id IN (SELECT id FROM found) ORDER BY id DESC LIMIT $4
        """;

    /// <summary>Newest first, by key: pass the last id of a page as <paramref name="after"/> for the next.</summary>
    /// <param name="search">The beginning of an id or its last eight letters, the beginning of an idempotency key, or who created it.</param>
    public async Task<IReadOnlyList<JobRow>> ListAsync(string? workload, JobStatus? status, string? search, Guid? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var list = connection.Sql(string.IsNullOrEmpty(search) ? ListSql : SearchSql)
            .WithText(workload).WithText(status?.Wire()).WithTyped(NpgsqlDbType.Uuid, after).With(limit);
        if (!string.IsNullOrEmpty(search))
        {
            var (lowest, highest) = JobIds.Range(search);
            list.With(search).WithTyped(NpgsqlDbType.Uuid, lowest).WithTyped(NpgsqlDbType.Uuid, highest)
                .With(search.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_") + "%");
        }

        return await list.ListAsync(JobRow.Read, cancellationToken);
    }

    private const string FindManySql = $"""
        -- name: FindJobs
        SELECT {JobRow.Columns} FROM jobs WHERE id = ANY($1) ORDER BY id DESC
        """;

    /// <summary>Those of the jobs that there still are, newest first.</summary>
    public async Task<IReadOnlyList<JobRow>> FindAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindManySql).With(ids).ListAsync(JobRow.Read, cancellationToken);
    }

    private const string OpenSql = $"""
        -- name: ListOpenJobs
        (SELECT {JobRow.Columns} FROM jobs WHERE status IN ('queued', 'planning', 'running') ORDER BY id DESC LIMIT $1)
        UNION ALL (SELECT {JobRow.Columns} FROM jobs WHERE status = 'paused' ORDER BY id DESC LIMIT $1)
        """;

    /// <summary>The newest jobs that are not at their end: those at work first, then those that were paused.</summary>
    /// <param name="limit">Of each.</param>
    public async Task<IReadOnlyList<JobRow>> ListOpenAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(OpenSql).With(limit).ListAsync(JobRow.Read, cancellationToken);
    }

    private const string FailedSql = $"""
        -- name: ListFailedJobs
        SELECT {JobRow.Columns} FROM jobs WHERE status = 'failed' AND finished_at >= $1 ORDER BY finished_at DESC LIMIT $2
        """;

    /// <summary>Jobs that have failed since then, the latest first.</summary>
    public async Task<IReadOnlyList<JobRow>> ListFailedAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FailedSql).With(since).With(limit).ListAsync(JobRow.Read, cancellationToken);
    }

    private const string CountLatelySql = """
        -- name: CountJobsLately
        SELECT (SELECT count(*) FROM (SELECT FROM jobs WHERE status IN ('queued', 'planning', 'running') LIMIT $2) working),
               (SELECT count(*) FROM (SELECT FROM jobs WHERE status = 'failed' AND finished_at >= $1 LIMIT $2) failed)
        """;

    /// <summary>How many jobs are at work, and how many have failed since then; each counted up to a bound.</summary>
    public async Task<(long Working, long Failed)> CountLatelyAsync(DateTimeOffset since, int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var counts = await connection.Sql(CountLatelySql).With(since).With(most).ListAsync(row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken);
        return counts[0];
    }

    private const string PulseSql = """
        -- name: ReadJobPulse
        SELECT concat_ws(' ', (SELECT id FROM jobs ORDER BY id DESC LIMIT 1), count(*), sum(hashtext(status)), max(heartbeat), sum(planned + succeeded + failed + skipped + cancelled))
        FROM jobs WHERE status IN ('queued', 'planning', 'running', 'paused')
        """;

    /// <summary>A text that is another one when a job came, was begun, got on, was paused, ended or was taken up again. It says nothing else.</summary>
    public async Task<string> ReadPulseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(PulseSql).FirstAsync(row => row.GetString(0), cancellationToken))!;
    }

    // The letters come as they are, a byte for each item: to count them there costs five times what counting them here does.
    private const string LedgerSql = """
        -- name: Ledger
        SELECT (SELECT coalesce(string_agg(outcomes, ''), '') FROM chunks WHERE job_id = $1),
               j.planned, j.succeeded, j.failed, j.skipped, j.cancelled,
               (SELECT count(*) FROM failures WHERE job_id = $1), j.chunks_dropped_at IS NOT NULL
        FROM jobs j WHERE j.id = $1
        """;

    /// <summary>The ledger computed from chunk rows, in one statement and so at one moment; null when there is no such job.</summary>
    public async Task<Ledger?> ReadLedgerAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.Sql("SET LOCAL max_parallel_workers_per_gather = 0").RunAsync(cancellationToken); // to start them takes as long as they save, and they take others' place
        return await connection.Sql(LedgerSql).With(id).FirstAsync(Ledger.Read, cancellationToken);
    }

    private const string LogSql = """
        -- name: ReadJobLog
        SELECT at, message FROM job_log WHERE job_id = $1 ORDER BY no DESC LIMIT $2
        """;

    /// <summary>What happened to the job, newest first.</summary>
    public async Task<IReadOnlyList<JobLogLine>> ReadLogAsync(Guid id, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(LogSql).With(id).With(limit).ListAsync(row => new JobLogLine(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)), cancellationToken);
    }

    private sealed record KnownKey(Guid Id, string RequestHash);
}

public sealed record JobLogLine(DateTimeOffset At, string Message);

/// <summary>A checked job, about to be stored.</summary>
public sealed record NewJob(Guid Id, string Workload, SpecAccepted Spec, JobMode Mode, int MaxConcurrency, string? IdempotencyKey, string RequestHash, string CreatedBy);

/// <summary>A job whose items are staged, about to be stored in the transaction that staged them.</summary>
/// <param name="Items">How many rows are staged.</param>
/// <param name="RequestHash">Tells whether the same idempotency key comes with the same rows.</param>
public sealed record StagedJob(Guid Id, string Workload, string Spec, long Items, string? IdempotencyKey, string RequestHash, string CreatedBy, DateTimeOffset CreatedAt);

/// <summary>What became of a request for a job. Closed: <see cref="JobTaken"/>, <see cref="IdempotencyKeyReused"/>, <see cref="JobRejected"/>.</summary>
public abstract record AcceptReply;

/// <summary>The request is wrong.</summary>
/// <param name="Problem">A sentence that says what is wrong and what to do.</param>
public sealed record JobRejected(string Problem) : AcceptReply;

public sealed record JobTaken(Guid Id, bool IsNew) : AcceptReply;

/// <summary>The idempotency key belongs to a job that was asked for with other words.</summary>
public sealed record IdempotencyKeyReused(Guid Id) : AcceptReply;
