using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// Tidies up behind finished jobs: thins their samples, and drops their chunks and inputs when their time is over. Ledger, failures and log stay.
/// Every silo runs one; what one has done the others find done.
/// </summary>
public sealed class JobRetention(Database database, JobOptions options, TimeProvider time, ILogger<JobRetention> log)
    : RecurringService("Tidying up behind finished jobs", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);
    private const int JobsARound = 100;

    protected override async Task RoundAsync(CancellationToken cancellationToken)
    {
        while (await RunOnceAsync(cancellationToken) == JobsARound)
        {
            // more than one round's worth: go on at once
        }
    }

    private const string DropSql = """
        -- name: DropChunks
        WITH old AS (
            SELECT id FROM jobs
            WHERE status IN ('completed', 'cancelled') AND chunks_dropped_at IS NULL AND finished_at < $1
            ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        ), dropped AS (
            DELETE FROM chunks c USING old WHERE c.job_id = old.id
        ), forgotten AS (
            DELETE FROM job_inputs i USING old WHERE i.job_id = old.id
        ), thinned AS (
            DELETE FROM job_samples s USING old WHERE s.job_id = old.id AND extract(epoch FROM s.at)::bigint % 60 <> 0
        )
        UPDATE jobs j SET chunks_dropped_at = now() FROM old WHERE j.id = old.id
        """;

    /// <summary>One round; answers how many jobs were tidied.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var jobs = await connection.Sql(DropSql).With(Time.GetUtcNow() - options.KeepChunks).With(JobsARound).RunAsync(cancellationToken);
        if (jobs > 0)
        {
            JobRetentionLog.Dropped(Log, jobs);
        }

        return jobs;
    }
}

internal static partial class JobRetentionLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped the chunks of {Jobs} finished jobs; their ledgers and failures stay.")]
    public static partial void Dropped(ILogger log, int jobs);
}
