using System.Text.Json;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Starts a sync of all tabs when one is due. Every silo looks; the row of the schedule lets one of them begin. Missed times are not made up: the next one counts from
/// when it was begun.
/// </summary>
public sealed class TabClock(Database database, JobIntake jobs, TabCatalog catalog, TabOptions options, TimeProvider time, ILogger<TabClock> log) : BackgroundService
{
    public const string Actor = "schedule";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Scheduled)
        {
            return;
        }

        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception error) when (Database.IsAway(error) && !stoppingToken.IsCancellationRequested)
            {
                TabClockLog.PutOff(log, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private const string DueSql = """
        -- name: TakeDueTabSync
        WITH begun AS (
            INSERT INTO tab_schedule (next_at, full_at) VALUES ($1::timestamptz + $2::interval, $1::timestamptz + $3::interval) ON CONFLICT DO NOTHING RETURNING false AS is_full
        ), due AS (
            UPDATE tab_schedule s SET next_at = $1 + $2, full_at = CASE WHEN s.full_at <= $1 THEN $1 + $3 ELSE s.full_at END
            FROM tab_schedule old WHERE old.one AND s.next_at <= $1 AND NOT EXISTS (SELECT FROM begun)
            RETURNING old.full_at <= $1 AS is_full
        )
        SELECT is_full FROM begun UNION ALL SELECT is_full FROM due
        """;

    /// <summary>Starts a sync when one is due; answers its job, or null.</summary>
    public async Task<Guid?> RunOnceAsync(CancellationToken cancellationToken)
    {
        object? isFull;
        await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
        {
            isFull = await connection.Sql(DueSql).With(time.GetUtcNow()).With(options.Interval).With(options.FullEvery).FirstAsync(row => (object)row.GetBoolean(0), cancellationToken);
        }

        if (isFull is null)
        {
            return null;
        }

        var spec = new TabSyncSpec([.. catalog.All.Select(tab => tab.Name)], options.Incremental && !(bool)isFull);
        var reply = await jobs.AcceptAsync(new JobRequest(TabSync.WorkloadName, JsonSerializer.SerializeToElement(spec, JsonSerializerOptions.Web), JobMode.Standard, null, null), Actor, cancellationToken);
        return reply is JobTaken taken ? taken.Id : throw new InvalidOperationException($"The scheduled sync was not taken: {reply}");
    }
}

internal static partial class TabClockLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking whether a sync of tabs is due waits for the database.")]
    public static partial void PutOff(ILogger log, Exception error);
}
