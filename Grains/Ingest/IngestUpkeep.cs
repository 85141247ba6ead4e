using Npgsql;
using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>
/// Makes partitions ahead, drops those whose time is over, and drops staged rows that nobody will merge (of a job that was cancelled, or whose process died just after
/// its end). Every silo runs one; what one has done the others find done.
/// </summary>
public sealed class IngestUpkeep(Database database, RawPartitions partitions, IngestOptions options, TimeProvider time, ILogger<IngestUpkeep> log)
    : RecurringService("Keeping up the tables of scraped profiles", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(10);

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

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
        var (now, dropped) = (Time.GetUtcNow(), 0);
        for (var month = 0; month <= options.MonthsAhead; month++)
        {
            var at = now.AddMonths(month);
            await TryAsync($"raw_scraped_profiles of {RawPartitions.MonthOf(at):yyyy-MM}", () => partitions.EnsureAsync(at, cancellationToken));
        }

        var oldest = RawPartitions.MonthOf(now).AddMonths(-options.KeepRawMonths);
        foreach (var month in (await partitions.ListAsync(cancellationToken)).Where(month => month < oldest))
        {
            dropped += await TryAsync($"raw_scraped_profiles of {month:yyyy-MM}", () => partitions.DropAsync(month, cancellationToken));
        }

        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        foreach (var table in await connection.Sql(LeftSql).ListAsync(row => row.GetString(0), cancellationToken))
        {
            dropped += await TryAsync(table, () => connection.Sql($"DROP TABLE IF EXISTS {table}").RunAsync(cancellationToken));
        }

        if (dropped > 0)
        {
            IngestUpkeepLog.Dropped(Log, dropped);
        }

        return dropped;
    }

    /// <summary>A table that cannot be made or dropped, because of a view on it say, keeps the others from nothing. Answers 1 when it went well, else 0.</summary>
    private async Task<int> TryAsync(string table, Func<Task> work)
    {
        try
        {
            await work();
            return 1;
        }
        catch (PostgresException error) when (!Database.IsAway(error))
        {
            IngestUpkeepLog.Refused(Log, error, table);
            return 0;
        }
    }
}

internal static partial class IngestUpkeepLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Dropped {Tables} tables of raw or staged profiles whose time is over.")]
    public static partial void Dropped(ILogger log, int tables);

    [LoggerMessage(Level = LogLevel.Error, Message = "The table {Table} could be neither made nor dropped as it should; it is tried again in a while.")]
    public static partial void Refused(ILogger log, Exception error, string table);
}
