using System.Text.Json;
using OrleansBulk.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Starts a sync of all tabs when one is due. Every silo looks; the row of the schedule lets one of them begin. Missed times are not made up: the next one counts from
/// when it was begun. One that lies further ahead than the interval, which was longer before or comes of a clock that was wrong, is due at once. All
/// rows of a tab are compared when that is due for this tab, whatever became of the others.
/// </summary>
public sealed class TabClock(Database database, JobIntake jobs, TabCatalog catalog, TabOptions options, TimeProvider time, ILogger<TabClock> log)
    : RecurringService("Looking whether a sync of tabs is due", Every, time, log)
{
    public const string Actor = "schedule";

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override Task RoundAsync(CancellationToken cancellationToken) => options.Scheduled ? RunOnceAsync(cancellationToken) : Task.CompletedTask;

    private const string DueSql = """
        -- name: TakeDueTabSync
        INSERT INTO tab_schedule AS s (next_at, full_at) VALUES ($1::timestamptz + $2::interval, $1::timestamptz + $3::interval)
        ON CONFLICT (one) DO UPDATE SET next_at = excluded.next_at WHERE s.next_at <= $1 OR s.next_at > $1::timestamptz + $2::interval
        RETURNING full_at
        """;

    // A tab that was never taken over goes on within its limit first. One whose comparison was cut off by its time goes on with it at once; one whose comparison did not come
    // to its end for another reason is tried again after a while, and is synced in between; one that was held by another sync is tried again with the next.
    private const string FullSql = """
        -- name: ListTabsToCompare
        SELECT t.name FROM tabs t
        WHERE t.name = ANY($1) AND t.watermark_at IS NOT NULL AND coalesce(t.full_at + $3::interval, $4) <= $2::timestamptz
          AND (t.full_from_at IS NOT NULL OR NOT EXISTS (SELECT FROM tab_syncs s WHERE s.tab = t.name AND s.is_full AND s.started_at > $2::timestamptz - $3::interval / 24))
        """;

    /// <summary>Starts a sync when one is due; answers its job, or null.</summary>
    public async Task<Guid?> RunOnceAsync(CancellationToken cancellationToken)
    {
        string[] tabs = [.. catalog.All.Select(tab => tab.Name)];
        string[] full = [];
        await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
        {
            var now = Time.GetUtcNow();
            if (await connection.Sql(DueSql).With(now).With(options.Interval).With(options.FullEvery).FirstAsync(row => (object)row.GetFieldValue<DateTimeOffset>(0), cancellationToken) is not DateTimeOffset firstFull)
            {
                return null;
            }

            if (options.Incremental)
            {
                full = [.. await connection.Sql(FullSql).With(tabs).With(now).With(options.FullEvery).With(firstFull).ListAsync(row => row.GetString(0), cancellationToken)];
            }
        }

        var spec = new TabSyncSpec(tabs, options.Incremental && full.Length < tabs.Length, full.Length > 0 && full.Length < tabs.Length ? full : null);
        var reply = await jobs.AcceptAsync(new JobRequest(TabSync.WorkloadName, JsonSerializer.SerializeToElement(spec, JsonSerializerOptions.Web), JobMode.Standard, null, null), Actor, cancellationToken);
        return reply is JobTaken taken ? taken.Id : throw new InvalidOperationException($"The scheduled sync was not taken: {reply}");
    }
}
