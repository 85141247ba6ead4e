using Npgsql;
using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// Tidies up behind jobs that ended long ago: thins their samples, and drops their chunks and inputs. Ledger, failures and log stay. A failed job can be resumed until
/// then, so its chunks are kept as long as any other's; with them it is cancelled, and so is what was pending, since nobody came back for it.
/// Every silo runs one; what one has done the others find done.
/// </summary>
public sealed class JobRetention(Database database, JobOptions options, TimeProvider time, ILogger<JobRetention> log)
    : RecurringService("Tidying up behind finished jobs", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    /// <summary>The job that was tried last, when that was a round's end: the next one begins behind it, so that a job which cannot be tidied holds up no other.</summary>
    private Guid _behind;

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    private const string NextSql = """
        -- name: FindChunksToDrop
        SELECT id FROM jobs
        WHERE id > $1 AND status IN ('completed', 'cancelled', 'failed') AND chunks_dropped_at IS NULL AND finished_at < $2
        ORDER BY id LIMIT 1
        """;

    /// <summary>One round; answers how many jobs were tidied.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var (endedBefore, jobs) = (Time.GetUtcNow() - options.KeepChunks, 0);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        while (await connection.Sql(NextSql).With(_behind).With(endedBefore).FirstAsync(row => (object)row.GetGuid(0), cancellationToken) is Guid id)
        {
            _behind = id;
            jobs += await DropAsync(connection, id, endedBefore, cancellationToken);
        }

        _behind = Guid.Empty;
        if (jobs > 0)
        {
            JobRetentionLog.Dropped(Log, jobs);
        }

        return jobs;
    }

    private const string DropSql = """
        -- name: DropChunks
        WITH old AS (
            SELECT id, status FROM jobs
            WHERE id = $1 AND status IN ('completed', 'cancelled', 'failed') AND chunks_dropped_at IS NULL AND finished_at < $2
            FOR UPDATE SKIP LOCKED
        ), dropped AS (
            DELETE FROM chunks c USING old WHERE c.job_id = old.id
        ), forgotten AS (
            DELETE FROM job_inputs i USING old WHERE i.job_id = old.id
        ), thinned AS (
            DELETE FROM job_samples s USING old WHERE s.job_id = old.id AND extract(epoch FROM s.at)::bigint % 60 <> 0
        ), told AS (
            INSERT INTO job_log (job_id, message) SELECT id, 'cancelled: it had failed, and nobody resumed it before its items were dropped' FROM old WHERE status = 'failed'
        )
        UPDATE jobs j SET chunks_dropped_at = now(), status = CASE j.status WHEN 'failed' THEN 'cancelled' ELSE j.status END,
            plan_done = true, cancelled = planned - succeeded - failed - skipped
        FROM old WHERE j.id = old.id
        """;

    /// <summary>One job a statement: the more there are, the longer it takes in all, but no statement takes too long.</summary>
    private static Task<int> DropAsync(NpgsqlConnection connection, Guid id, DateTimeOffset endedBefore, CancellationToken cancellationToken) =>
        connection.Sql(DropSql).With(id).With(endedBefore).RunAsync(cancellationToken);
}

internal static partial class JobRetentionLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped the chunks of {Jobs} finished jobs; their ledgers and failures stay.")]
    public static partial void Dropped(ILogger log, int jobs);
}
