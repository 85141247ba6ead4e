using Microsoft.Extensions.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>
/// Makes partitions ahead, drops those whose time is over, and drops staged rows that nobody will merge (of a job that was cancelled, or whose process died just after
/// its end). Every silo runs one; what one has done the others find done.
/// </summary>
public sealed class IngestUpkeep(Database database, RawPartitions partitions, IngestOptions options, TimeProvider time, ILogger<IngestUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception error) when (Database.IsAway(error) && !stoppingToken.IsCancellationRequested)
            {
                IngestUpkeepLog.PutOff(log, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private const string LeftSql = """
        -- name: FindLeftStaging
        SELECT c.relname FROM pg_class c
        WHERE c.relkind = 'r' AND c.relname ~ '^staged_[0-9a-f]{32}$'
          AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = substr(c.relname, 8)::uuid AND j.status NOT IN ('completed', 'cancelled'))
        ORDER BY c.relname
        """;

    /// <summary>One round; answers how many tables were dropped.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        for (var month = 0; month <= options.MonthsAhead; month++)
        {
            await partitions.EnsureAsync(now.AddMonths(month), cancellationToken);
        }

        var dropped = await partitions.DropBeforeAsync(RawPartitions.MonthOf(now).AddMonths(-options.KeepRawMonths), cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        foreach (var table in await connection.Sql(LeftSql).ListAsync(row => row.GetString(0), cancellationToken))
        {
            await connection.Sql($"DROP TABLE IF EXISTS {table}").RunAsync(cancellationToken);
            dropped++;
        }

        if (dropped > 0)
        {
            IngestUpkeepLog.Dropped(log, dropped);
        }

        return dropped;
    }
}

internal static partial class IngestUpkeepLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped {Tables} tables of raw or staged profiles whose time is over.")]
    public static partial void Dropped(ILogger log, int tables);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Keeping up the tables of scraped profiles waits for the database.")]
    public static partial void PutOff(ILogger log, Exception error);
}
