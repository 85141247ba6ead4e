using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>Forgets syncs of tabs that nobody asks for any more. Every silo runs one; what one has done the others find done.</summary>
public sealed class TabUpkeep(Database database, TimeProvider time, ILogger<TabUpkeep> log)
    : RecurringService("Forgetting old syncs of tabs", Every, time, log)
{
    /// <summary>So long the history of a tab goes back.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(30);

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(30);

    // The newest sync of a tab stays, and the one whose changes are still shown.
    private const string ForgetSql = """
        -- name: ForgetTabSyncs
        DELETE FROM tab_syncs s WHERE s.started_at < $1
            AND EXISTS (SELECT FROM tab_syncs newer WHERE newer.tab = s.tab AND newer.started_at > s.started_at)
            AND NOT EXISTS (SELECT FROM tab_changes c WHERE c.tab = s.tab AND c.job_id = s.job_id)
        """;

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(ForgetSql).With(Time.GetUtcNow() - Keep).RunAsync(cancellationToken);
    }
}
