using System.Runtime.CompilerServices;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>Tabs as pages and syncs see them.</summary>
/// <param name="pace">At which syncs read; pages do not wait for it.</param>
public sealed class TabStore(Database database, BackgroundPace? pace = null)
{
    private const int PageRows = 1000; // a few milliseconds

    private const string StatesSql = """
        -- name: ListTabStates
        SELECT t.name, t.watermark_at, t.watermark_key, t.paused, t.full_at, t.destination, s.job_id, s.started_at, s.finished_at, s.is_full, s.is_whole, s.added, s.changed, s.removed, s.restored,
               CASE WHEN f.failed = 0 THEN 0 ELSE s.failed END, f.status,
               CASE WHEN j.status IN ('queued', 'planning', 'running', 'paused') THEN t.job_id END, t.row_count,
               (SELECT count(*) FROM (SELECT key FROM tab_rows r WHERE r.tab = t.name AND r.is_dirty UNION SELECT key FROM tab_failures f WHERE f.tab = t.name LIMIT 1001) AS dirty)::integer,
               CASE WHEN s.finished_at IS NULL AND f.status = 'failed' THEN f.error WHEN e.failed = 0 THEN NULL ELSE t.error END,
               greatest(0, t.next_position - 1 - t.row_count - (SELECT count(*) FROM tab_rows r WHERE r.tab = t.name AND r.is_dirty AND r.cells IS NULL))::integer,
               coalesce(j.status = 'paused', false)
        FROM tabs t
        LEFT JOIN LATERAL (SELECT * FROM tab_syncs s WHERE s.tab = t.name ORDER BY s.started_at DESC LIMIT 1) s ON true
        LEFT JOIN jobs f ON f.id = s.job_id
        LEFT JOIN jobs j ON j.id = t.job_id
        LEFT JOIN jobs e ON e.id = t.error_job
        """;

    /// <summary>Every tab that was ever synced or paused, by name.</summary>
    public async Task<IReadOnlyDictionary<string, TabState>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(StatesSql).ListAsync(
            row => new TabState(
                row.GetString(0), row.Time(1) is { } at ? new TabPlace(at, row.GetString(2)) : null, row.GetBoolean(3), row.Time(4), row.Text(5), row.IsDBNull(6) ? null : ReadSync(row, 6),
                row.IsDBNull(17) ? null : row.GetGuid(17), row.GetInt32(18), row.GetInt32(19), row.Text(20), row.GetInt32(21), row.GetBoolean(22)),
            cancellationToken)).ToDictionary(state => state.Name, StringComparer.Ordinal);
    }

    private const string HistorySql = """
        -- name: ListTabSyncs
        SELECT s.job_id, s.started_at, s.finished_at, s.is_full, s.is_whole, s.added, s.changed, s.removed, s.restored, CASE WHEN j.failed = 0 THEN 0 ELSE s.failed END, j.status
        FROM tab_syncs s LEFT JOIN jobs j ON j.id = s.job_id WHERE s.tab = $1 ORDER BY s.started_at DESC LIMIT $2
        """;

    /// <summary>The last syncs of a tab, newest first.</summary>
    public async Task<IReadOnlyList<TabSyncRow>> ReadHistoryAsync(string tab, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(HistorySql).With(tab).With(limit).ListAsync(row => ReadSync(row, 0), cancellationToken);
    }

    private const string LastChangedSql = """
        -- name: FindLastChangedTabSync
        SELECT s.job_id, s.started_at FROM tab_syncs s
        WHERE s.tab = $1 AND s.added + s.changed + s.removed > 0 AND EXISTS (SELECT FROM tab_changes c WHERE c.tab = s.tab AND c.job_id = s.job_id)
        ORDER BY s.started_at DESC LIMIT 1
        """;

    /// <summary>The last sync of a tab that changed anything, and when it began; null: none did.</summary>
    public async Task<TabDifference?> FindLastChangedAsync(string tab, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(LastChangedSql).With(tab).FirstAsync(row => new TabDifference(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1)), cancellationToken);
    }

    private const string ScheduleSql = """
        -- name: FindNextTabSync
        SELECT next_at FROM tab_schedule
        """;

    /// <summary>When the next scheduled sync begins; null: none was scheduled yet.</summary>
    public async Task<DateTimeOffset?> FindNextAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (DateTimeOffset?)await connection.Sql(ScheduleSql).FirstAsync(row => (object)row.GetFieldValue<DateTimeOffset>(0), cancellationToken);
    }

    private const string ChangesSql = """
        -- name: ListTabChanges
        SELECT key, kind, before, after FROM tab_changes WHERE tab = $1 AND job_id = $2 AND key > $3 ORDER BY key LIMIT $4
        """;

    /// <summary>What a sync changed, a page at a time by key; kept of the last one that changed anything (<see cref="FindLastChangedAsync"/>).</summary>
    public async Task<IReadOnlyList<TabChange>> ReadChangesAsync(string tab, Guid jobId, string? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ChangesSql).With(tab).With(jobId).With(after ?? "").With(limit)
            .ListAsync(row => new TabChange(row.GetString(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetFieldValue<string[]>(2), row.IsDBNull(3) ? null : row.GetFieldValue<string[]>(3)), cancellationToken);
    }

    private const string PauseSql = """
        -- name: PauseTab
        INSERT INTO tabs (name, paused) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused
        """;

    /// <summary>A paused tab is left out of syncs, until it is resumed; one that is being synced ends first.</summary>
    public async Task PauseAsync(string tab, bool paused, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await connection.Sql(PauseSql).With(tab).With(paused).RunAsync(cancellationToken);
    }

    private const string WatermarkSql = """
        -- name: FindTabWatermark
        SELECT watermark_at, watermark_key FROM tabs WHERE name = $1 AND watermark_at IS NOT NULL
        """;

    internal async Task<TabPlace?> FindWatermarkAsync(string tab, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (TabPlace?)await connection.Sql(WatermarkSql).With(tab).FirstAsync(row => (object)new TabPlace(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)), cancellationToken);
    }

    private const string LookSql = """
        -- name: LookAtTabSync
        SELECT t.is_unpublished OR t.published_at IS NULL, coalesce(t.layout = $3, false), coalesce(s.layout = $3, false), coalesce(s.undone, 0)
        FROM tabs t LEFT JOIN tab_syncs s ON s.tab = t.name AND s.job_id = $2 WHERE t.name = $1
        """;

    /// <summary>Whether rows are committed that were not published, whether all rows have this layout, whether the sync was begun in it, and how many rows and blocks it has left for the next one.</summary>
    internal async Task<(bool IsUnpublished, bool IsOfLayout, bool WasBegunInLayout, int Undone)> LookAtSyncAsync(string tab, Guid jobId, string layout, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(LookSql).With(tab).With(jobId).With(layout).ListAsync(row => (row.GetBoolean(0), row.GetBoolean(1), row.GetBoolean(2), row.GetInt32(3)), cancellationToken))[0];
    }

    // A chunk without the tab's name is not taken apart.
    private const string PendingSql = """
        -- name: IsTabPending
        SELECT EXISTS (
            SELECT FROM chunks c CROSS JOIN LATERAL json_array_elements(c.items) WITH ORDINALITY AS i(item, place)
            WHERE c.job_id = $1 AND c.first_ordinal < $2 AND position('.' in c.outcomes) > 0 AND position('"' || $3 || '"' in c.items::text) > 0
              AND substr(c.outcomes, i.place::integer, 1) = '.' AND c.first_ordinal + i.place - 1 < $2 AND i.item -> 1 ->> 'Tab' = $3 AND ($4 OR i.item -> 1 ->> 'is' <> 'block'))
        """;

    /// <summary>Whether items of a tab that stand before this one in the job have no outcome yet that is committed.</summary>
    /// <param name="blocksToo">Whether comparisons count.</param>
    internal async Task<bool> IsPendingAsync(Guid jobId, string tab, long before, bool blocksToo, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(PendingSql).With(jobId).With(before).With(tab).With(blocksToo).FirstAsync(row => (object)row.GetBoolean(0), cancellationToken) is true;
    }

    private const string PageSql = """
        -- name: ReadTabRows
        SELECT position, cells FROM tab_rows WHERE tab = $1 AND position > $2 AND cells IS NOT NULL ORDER BY position LIMIT $3
        """;

    /// <summary>All rows of a tab in the order of their positions, read page by page.</summary>
    internal async IAsyncEnumerable<TabRow> ReadAllAsync(string tab, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0;
        List<TabRow> page;
        do
        {
            using var turn = await pace.TurnAsync(cancellationToken); // for what is done with the rows too
            await using (var connection = await database.Bulk.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(PageSql).With(tab).With(after).With(PageRows).ListAsync(row => new TabRow(row.GetInt32(0), row.GetFieldValue<string[]>(1)), cancellationToken);
            }

            foreach (var row in page)
            {
                yield return row;
            }

            after = page.Count > 0 ? page[^1].Position : after;
        }
        while (page.Count == PageRows);
    }

    private const string BlockSql = """
        -- name: ReadTabBlock
        SELECT position, cells FROM tab_rows WHERE tab = $1 AND position >= $2 AND position < $3 ORDER BY position
        """;

    /// <summary>A row per position of a block, those without a row empty.</summary>
    internal async Task<IReadOnlyList<TabRow>> ReadBlockAsync(string tab, int first, int rows, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var there = (await connection.Sql(BlockSql).With(tab).With(first).With(first + rows)
            .ListAsync(row => new TabRow(row.GetInt32(0), row.IsDBNull(1) ? null : row.GetFieldValue<string[]>(1)), cancellationToken)).ToDictionary(row => row.Position);
        return [.. Enumerable.Range(first, rows).Select(position => there.GetValueOrDefault(position, new TabRow(position, null)))];
    }

    private const string LastSql = """
        -- name: LastTabPosition
        SELECT coalesce(max(position), 0) FROM tab_rows WHERE tab = $1
        """;

    /// <summary>The last position that a row has; 0: there are none.</summary>
    internal async Task<int> LastPositionAsync(string tab, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (int)(await connection.Sql(LastSql).With(tab).FirstAsync(row => (object)row.GetInt32(0), cancellationToken))!;
    }

    private static TabSyncRow ReadSync(Npgsql.NpgsqlDataReader row, int at) => new(
        row.GetGuid(at), row.GetFieldValue<DateTimeOffset>(at + 1), row.Time(at + 2), row.GetBoolean(at + 3), row.IsDBNull(at + 4) ? null : row.GetBoolean(at + 4),
        row.GetInt32(at + 5), row.GetInt32(at + 6), row.GetInt32(at + 7), row.GetInt32(at + 8), row.GetInt32(at + 9), row.Text(at + 10));
}

/// <summary>How a tab stands.</summary>
/// <param name="Watermark">Up to where the source is taken over; null: never.</param>
/// <param name="FullAt">When all rows were compared last.</param>
/// <param name="Last">The last sync; null: none yet.</param>
/// <param name="SyncedBy">The job that syncs it now; null: none.</param>
/// <param name="Rows">That stand in the destination.</param>
/// <param name="Dirty">Rows that are to be written again, since it is not known how they stand; counted up to 1,001.</param>
/// <param name="Error">What went wrong in the last sync that had failures, in words; null since one ended without.</param>
/// <param name="Gaps">Positions whose rows are gone.</param>
/// <param name="IsHeld">The job that has it is paused: no other one syncs it until that is resumed or cancelled.</param>
public sealed record TabState(string Name, TabPlace? Watermark, bool Paused, DateTimeOffset? FullAt, string? Destination, TabSyncRow? Last, Guid? SyncedBy, int Rows, int Dirty, string? Error, int Gaps, bool IsHeld);

/// <summary>A sync of which the changes are kept.</summary>
public sealed record TabDifference(Guid JobId, DateTimeOffset StartedAt);

/// <param name="IsWhole">False: time was up before all rows were taken over; null: it has not ended.</param>
/// <param name="Restored">Rows of the sheet that somebody had changed, and that were put right.</param>
/// <param name="Failed">Rows that could not be written, and whatever else failed; none once they were retried with success.</param>
/// <param name="JobStatus">Of its job; null: the job is gone.</param>
public sealed record TabSyncRow(Guid JobId, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, bool IsFull, bool? IsWhole, int Added, int Changed, int Removed, int Restored, int Failed, string? JobStatus);

/// <param name="Kind">added, changed or removed.</param>
public sealed record TabChange(string Key, string Kind, IReadOnlyList<string>? Before, IReadOnlyList<string>? After);
