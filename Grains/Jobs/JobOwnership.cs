using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// Who owns a job, and what its state may become. Each change is one transaction that finds the job in a state that allows it, or changes nothing.
/// </summary>
public sealed class JobOwnership(Database database)
{
    private const string TakeOverSql = $"""
        -- name: TakeOver
        UPDATE jobs SET epoch = epoch + 1, owner = $2, heartbeat = now(), started_at = coalesce(started_at, now()), begun_at = coalesce(begun_at, now()),
            status = CASE WHEN plan_done THEN 'running' ELSE 'planning' END
        WHERE id = $1 AND status IN ('queued', 'planning', 'running')
        RETURNING {JobRow.Columns}, spec::text
        """;

    /// <summary>Makes <paramref name="owner"/> the owner under a new epoch; null when the job is not active (any more).</summary>
    internal async Task<OwnedJob?> TakeOverAsync(Guid id, string owner, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var job = await connection.Sql(TakeOverSql).With(id).With(owner).FirstAsync(row => new OwnedJob(JobRow.Read(row), row.GetString(27)), cancellationToken);
        if (job is not null)
        {
            await LogAsync(connection, id, job.Row.Epoch == 1 ? $"started on {owner}" : $"taken over by {owner} (epoch {job.Row.Epoch})", cancellationToken);
        }

        return job;
    }

    private const string OrphansSql = """
        -- name: FindOrphans
        SELECT id FROM jobs
        WHERE status IN ('queued', 'planning', 'running') AND (heartbeat IS NULL OR heartbeat < now() - $1::interval OR ($2 AND owner IS DISTINCT FROM $3))
        ORDER BY id LIMIT 100
        """;

    /// <summary>Active jobs whose owner has not been heard of.</summary>
    /// <param name="adoptAll">Whether every owner but <paramref name="self"/> is known to be dead, whatever its heartbeat says.</param>
    public async Task<IReadOnlyList<Guid>> FindOrphansAsync(TimeSpan staleAfter, bool adoptAll, string self, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(OrphansSql).With(staleAfter).With(adoptAll).With(self).ListAsync(row => row.GetGuid(0), cancellationToken);
    }

    private const string FindSql = $"""
        -- name: FindJobForGrain
        SELECT {JobRow.Columns} FROM jobs WHERE id = $1
        """;

    internal async Task<JobRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(JobRow.Read, cancellationToken);
    }

    private const string PauseSql = """
        -- name: Pause
        WITH changed AS (UPDATE jobs SET status = 'paused' WHERE id = $1 AND status IN ('queued', 'planning', 'running') RETURNING id)
        INSERT INTO job_log (job_id, message) SELECT id, 'paused' FROM changed
        """;

    internal Task<bool> PauseAsync(Guid id, CancellationToken cancellationToken) => ChangeAsync(connection => connection.Sql(PauseSql).With(id), cancellationToken);

    private const string ResumeSql = """
        -- name: Resume
        WITH changed AS (
            UPDATE jobs SET status = 'queued', error = NULL, finished_at = NULL, heartbeat = NULL, begun_at = NULL WHERE id = $1 AND status IN ('paused', 'failed') RETURNING id)
        INSERT INTO job_log (job_id, message) SELECT id, 'resumed' FROM changed
        """;

    internal Task<bool> ResumeAsync(Guid id, CancellationToken cancellationToken) => ChangeAsync(connection => connection.Sql(ResumeSql).With(id), cancellationToken);

    private const string FailSql = """
        -- name: FailJob
        WITH changed AS (
            UPDATE jobs SET status = 'failed', error = $3, finished_at = now() WHERE id = $1 AND epoch = $2 AND status IN ('queued', 'planning', 'running') RETURNING id)
        INSERT INTO job_log (job_id, message) SELECT id, 'failed: ' || $3 FROM changed
        """;

    /// <summary>The job cannot go on; what is pending stays pending, so that it can be resumed.</summary>
    internal Task<bool> FailAsync(Guid id, long epoch, string reason, CancellationToken cancellationToken) =>
        ChangeAsync(connection => connection.Sql(FailSql).With(id).With(epoch).With(reason), cancellationToken);

    private const string LockSql = """
        -- name: LockJob
        SELECT status FROM jobs WHERE id = $1 AND ($2::bigint IS NULL OR epoch = $2) FOR UPDATE
        """;

    private const string TotalsSql = """
        -- name: TotalsFromRows
        UPDATE jobs j SET planned = l.submitted, succeeded = l.succeeded, failed = l.failed, skipped = l.skipped, cancelled = l.cancelled
        FROM (SELECT coalesce(sum(octet_length(outcomes)), 0) AS submitted,
                     coalesce(sum(octet_length(outcomes) - octet_length(replace(outcomes, 's', ''))), 0) AS succeeded,
                     coalesce(sum(octet_length(outcomes) - octet_length(replace(outcomes, 'f', ''))), 0) AS failed,
                     coalesce(sum(octet_length(outcomes) - octet_length(replace(outcomes, 'k', ''))), 0) AS skipped,
                     coalesce(sum(octet_length(outcomes) - octet_length(replace(outcomes, 'c', ''))), 0) AS cancelled
              FROM chunks WHERE job_id = $1) l
        WHERE j.id = $1
        RETURNING j.planned - j.succeeded - j.failed - j.skipped - j.cancelled
        """;

    private const string CompleteSql = """
        -- name: CompleteJob
        UPDATE jobs SET status = 'completed', finished_at = now(), error = NULL WHERE id = $1
        """;

    /// <summary>
    /// Completes the job if the rows say that nothing is pending; its totals become what the rows say. Answers what is pending, null when the job is not ours. One that is
    /// completed under this epoch was so by a call before, whose answer was lost.
    /// </summary>
    internal async Task<long?> CompleteAsync(Guid id, long epoch, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var status = await LockAsync(connection, id, epoch, cancellationToken);
        if (status == JobStatus.Completed)
        {
            return 0;
        }

        if (status?.IsActive() != true && status != JobStatus.Paused)
        {
            return null;
        }

        var pending = await TotalsAsync(connection, id, cancellationToken);
        if (pending == 0)
        {
            await connection.Sql(CompleteSql).With(id).RunAsync(cancellationToken);
            await LogAsync(connection, id, "completed", cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return pending;
    }

    private const string CancelSql = """
        -- name: CancelJob
        UPDATE jobs SET status = 'cancelled', epoch = epoch + 1, plan_done = true, finished_at = now(), error = NULL WHERE id = $1
        """;

    private const string CancelPendingSql = """
        -- name: CancelPending
        UPDATE chunks SET outcomes = translate(outcomes, '.', 'c') WHERE job_id = $1 AND position('.' in outcomes) > 0
        """;

    /// <summary>Ends the job for good: what is pending becomes cancelled, and commits under way find the epoch changed. Null when its state forbids it.</summary>
    internal async Task<JobStatus?> CancelAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, id, null, cancellationToken) is not { } status || status is JobStatus.Completed or JobStatus.Cancelled)
        {
            return null;
        }

        await connection.Sql(CancelSql).With(id).RunAsync(cancellationToken);
        await connection.Sql(CancelPendingSql).With(id).RunAsync(cancellationToken);
        await TotalsAsync(connection, id, cancellationToken);
        await LogAsync(connection, id, "cancelled", cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return JobStatus.Cancelled;
    }

    private const string ForgetFailuresSql = """
        -- name: ForgetFailures
        WITH gone AS (
            DELETE FROM failures WHERE job_id = $1 AND ($2::text IS NULL OR cause = $2) RETURNING chunk_no, ordinal)
        SELECT g.chunk_no, c.outcomes, array_agg((g.ordinal - c.first_ordinal)::integer)
        FROM gone g JOIN chunks c ON c.job_id = $1 AND c.no = g.chunk_no
        GROUP BY g.chunk_no, c.outcomes
        ORDER BY g.chunk_no
        """;

    private const string ForgetCausesSql = """
        -- name: ForgetCauses
        DELETE FROM failure_causes WHERE job_id = $1 AND ($2::text IS NULL OR cause = $2)
        """;

    private const string ReopenChunksSql = """
        -- name: ReopenChunks
        UPDATE chunks c SET outcomes = u.outcomes FROM unnest($2::integer[], $3::text[]) AS u(no, outcomes) WHERE c.job_id = $1 AND c.no = u.no
        """;

    private const string ReopenJobSql = """
        -- name: ReopenJob
        UPDATE jobs SET status = CASE WHEN status = 'paused' THEN 'paused' ELSE 'queued' END, epoch = epoch + 1, finished_at = NULL, error = NULL, heartbeat = NULL, begun_at = NULL
        WHERE id = $1
        """;

    /// <summary>Makes failed items pending again. Answers how many; null when the job is unknown.</summary>
    internal async Task<long?> RetryFailedAsync(Guid id, string? cause, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, id, null, cancellationToken) is null)
        {
            return null;
        }

        var numbers = new List<int>();
        var outcomes = new List<string>();
        var items = 0L;
        var forget = connection.Sql(ForgetFailuresSql).With(id).WithText(cause);
        await foreach (var (no, letters, places) in RowsAsync(forget, cancellationToken))
        {
            numbers.Add(no);
            outcomes.Add(Reopen(no, letters, places));
            items += places.Length;
        }

        if (items > 0)
        {
            await connection.Sql(ForgetCausesSql).With(id).WithText(cause).RunAsync(cancellationToken);
            await connection.Sql(ReopenChunksSql).With(id).With(numbers.ToArray()).With(outcomes.ToArray()).RunAsync(cancellationToken);
            await connection.Sql(ReopenJobSql).With(id).RunAsync(cancellationToken);
            await TotalsAsync(connection, id, cancellationToken);
            await LogAsync(connection, id, cause is null ? $"retrying {items} failed items" : $"retrying {items} failed items of the cause '{cause}'", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return items;
    }

    private static string Reopen(int no, string letters, int[] places)
    {
        var reopened = letters.ToCharArray();
        foreach (var place in places)
        {
            if (reopened[place] != OutcomeLetter.Failed)
            {
                throw new InvalidOperationException($"Chunk {no} has '{reopened[place]}' at place {place} where a failure is on record; expected 'f'. Nothing was changed.");
            }

            reopened[place] = OutcomeLetter.Pending;
        }

        return new string(reopened);
    }

    private static async IAsyncEnumerable<(int No, string Outcomes, int[] Places)> RowsAsync(
        NpgsqlCommand command, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using (command)
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                yield return (reader.GetInt32(0), reader.GetString(1), reader.GetFieldValue<int[]>(2));
            }
        }
    }

    /// <summary>A change and its line in the log are one statement: half of it is never done.</summary>
    private async Task<bool> ChangeAsync(Func<NpgsqlConnection, NpgsqlCommand> change, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await change(connection).RunAsync(cancellationToken) == 1;
    }

    private static async Task<JobStatus?> LockAsync(NpgsqlConnection connection, Guid id, long? epoch, CancellationToken cancellationToken) =>
        JobStatusExtensions.Parse(await connection.Sql(LockSql).With(id).WithTyped(NpgsqlDbType.Bigint, epoch).FirstAsync(row => row.GetString(0), cancellationToken));

    private static async Task<long> TotalsAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken) =>
        (long)(await connection.Sql(TotalsSql).With(id).FirstAsync(row => (object)row.GetInt64(0), cancellationToken))!;

    private const string LogSql = """
        -- name: LogJob
        INSERT INTO job_log (job_id, message) VALUES ($1, $2)
        """;

    private static async Task LogAsync(NpgsqlConnection connection, Guid id, string message, CancellationToken cancellationToken) =>
        await connection.Sql(LogSql).With(id).With(message).RunAsync(cancellationToken);
}

/// <summary>A job that was just taken over.</summary>
internal sealed record OwnedJob(JobRow Row, string Spec);
