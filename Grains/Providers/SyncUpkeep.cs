using Microsoft.Extensions.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>Tidies up behind syncs: answers that are too old to save a call, and what they found once their jobs' chunks are gone. Every silo runs one; what one has done the others find done.</summary>
public sealed class SyncUpkeep(Database database, TimeProvider time, ILogger<SyncUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private const string ForgetSql = """
        -- name: ForgetSyncedProviders
        WITH pages AS (
            DELETE FROM provider_pages WHERE fetched_at < $1
        )
        DELETE FROM provider_sync_found f USING jobs j WHERE f.job_id = j.id AND j.workload = $2 AND j.chunks_dropped_at IS NOT NULL
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                SyncUpkeepLog.PutOff(log, error);
            }
        }
    }

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(ForgetSql).With(time.GetUtcNow() - 2 * ProviderSync.Fresh).With(ProviderSync.WorkloadName).RunAsync(cancellationToken);
    }
}

internal static partial class SyncUpkeepLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Tidying up behind syncs did not come to its end; it is tried again in a while.")]
    public static partial void PutOff(ILogger log, Exception error);
}
