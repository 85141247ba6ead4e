using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>Tidies up behind syncs: answers that are too old to save a call, and what they found once their jobs' chunks are gone. Every silo runs one; what one has done the others find done.</summary>
public sealed class SyncUpkeep(Database database, TimeProvider time, ILogger<SyncUpkeep> log)
    : RecurringService("Tidying up behind syncs", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    private const string ForgetSql = """
        -- name: ForgetSyncedProviders
        WITH pages AS (
            DELETE FROM provider_pages WHERE fetched_at < $1
        )
        DELETE FROM provider_sync_found f USING jobs j WHERE f.job_id = j.id AND j.workload = $2 AND j.chunks_dropped_at IS NOT NULL
        """;

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(ForgetSql).With(Time.GetUtcNow() - 2 * ProviderSync.Fresh).With(ProviderSync.WorkloadName).RunAsync(cancellationToken);
    }
}
