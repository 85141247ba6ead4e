using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>Writes down what stands in a tab, in the transaction of the outcomes.</summary>
internal static class TabWriter
{
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;
    private const NpgsqlDbType Times = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz;

    private const string RowsSql = """
        -- name: WriteTabRows
        WITH work AS (
            SELECT w.key, w.kind, w.at, ARRAY(SELECT json_array_elements_text(w.before)) AS before, CASE WHEN w.kind <> 'removed' THEN ARRAY(SELECT json_array_elements_text(w.after)) END AS after
            FROM unnest($3::text[], $4::text[], $5::json[], $6::json[], $7::timestamptz[]) AS w(key, kind, before, after, at)
        ), written AS (
            UPDATE tab_rows r SET cells = w.after, updated_at = w.at, is_dirty = r.is_changed_again, is_changed_again = false
            FROM work w WHERE r.tab = $1 AND r.key = w.key AND (w.kind <> 'removed' OR r.is_changed_again)
        ), removed AS (
            DELETE FROM tab_rows r USING work w WHERE r.tab = $1 AND r.key = w.key AND w.kind = 'removed' AND NOT r.is_changed_again
        ), unpublished AS (
            UPDATE tabs SET is_unpublished = true WHERE name = $1 AND NOT is_unpublished
        ), counted AS (
            UPDATE tab_syncs s SET added = s.added + c.added, changed = s.changed + c.changed, removed = s.removed + c.removed
            FROM (SELECT count(*) FILTER (WHERE kind = 'added') AS added, count(*) FILTER (WHERE kind = 'changed') AS changed, count(*) FILTER (WHERE kind = 'removed') AS removed FROM work) c
            WHERE s.tab = $1 AND s.job_id = $2
        )
        INSERT INTO tab_changes (tab, job_id, key, kind, before, after) SELECT $1, $2, key, kind, CASE WHEN kind <> 'added' THEN before END, after FROM work
        ON CONFLICT (tab, job_id, key) DO UPDATE SET after = excluded.after
        """;

    public static async Task WriteAsync(NpgsqlConnection connection, Guid jobId, string tab, IReadOnlyList<RowWork> rows, CancellationToken cancellationToken)
    {
        RowWork[] last = [.. rows.GroupBy(row => row.Key, StringComparer.Ordinal).Select(same => same.Last()).OrderBy(row => row.Key, StringComparer.Ordinal)];
        if (last.Length == 0)
        {
            return;
        }

        await connection.Sql(RowsSql).With(tab).With(jobId)
            .WithTyped(Texts, Array.ConvertAll(last, row => row.Key))
            .WithTyped(Texts, Array.ConvertAll(last, row => row.After is null ? "removed" : row.Before is null ? "added" : "changed"))
            .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Json, Array.ConvertAll(last, row => Json(row.Before)))
            .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Json, Array.ConvertAll(last, row => Json(row.After)))
            .WithTyped(Times, Array.ConvertAll(last, row => row.UpdatedAt))
            .RunAsync(cancellationToken);
    }

    private const string UndoneSql = """
        -- name: CountUndoneTabItems
        UPDATE tab_syncs SET undone = undone + $3,
            left_at = CASE WHEN $4 < coalesce(left_ordinal, 9223372036854775807) THEN $5 ELSE left_at END, left_key = CASE WHEN $4 < coalesce(left_ordinal, 9223372036854775807) THEN $6 ELSE left_key END,
            left_ordinal = least(left_ordinal, $4)
        WHERE tab = $1 AND job_id = $2
        """;

    /// <summary>Notes that rows or blocks are left for the next sync.</summary>
    /// <param name="ordinal">Of the first row among them; null: there is none whose place is known.</param>
    public static Task CountUndoneAsync(NpgsqlConnection connection, Guid jobId, string tab, int items, long? ordinal, ChangedRow? row, CancellationToken cancellationToken) =>
        connection.Sql(UndoneSql).With(tab).With(jobId).With(items).WithTyped(NpgsqlDbType.Bigint, ordinal).WithTyped(NpgsqlDbType.TimestampTz, row?.At?.ToUniversalTime()).WithText(row?.Key).RunAsync(cancellationToken);

    // Of the rows of a tab that were there before these, none is in a sheet that was just made.
    private const string MissSql = """
        -- name: MissTabRows
        UPDATE tabs t SET layout = '', full_from_at = NULL WHERE name = $1 AND EXISTS (SELECT FROM tab_rows r WHERE r.tab = $1 AND r.cells IS NOT NULL AND NOT r.key = ANY($2) LIMIT 1)
        """;

    /// <summary>Notes that the sheet was made anew: the next sync writes all rows.</summary>
    public static Task MissAsync(NpgsqlConnection connection, string tab, IReadOnlyList<RowWork> written, CancellationToken cancellationToken) =>
        connection.Sql(MissSql).With(tab).With(written.Select(row => row.Key).ToArray()).RunAsync(cancellationToken);

    // Only a full sync may set the watermark back. A layout is that of all rows when a full sync was begun and ended in it. One that did not come to its end goes on with the
    // first row that it left, or behind all that it planned. Columns that the tab has no more are its own until no row stands in them, one whose write failed neither.
    private const string EndSql = """
        -- name: EndTabSync
        WITH ended AS (
            UPDATE tab_syncs SET finished_at = CASE WHEN $9 THEN $3 ELSE finished_at END, is_whole = CASE WHEN $9 THEN $4 ELSE is_whole END WHERE tab = $1 AND job_id = $2 RETURNING layout, left_at, left_key
        ), older AS (
            DELETE FROM tab_changes WHERE tab = $1 AND job_id <> $2 AND EXISTS (SELECT FROM tab_changes WHERE tab = $1 AND job_id = $2)
        )
        UPDATE tabs SET job_id = CASE WHEN $9 THEN NULL ELSE job_id END,
            published_at = CASE WHEN $10 THEN $3 ELSE published_at END, is_unpublished = is_unpublished AND NOT $10,
            watermark_at = CASE WHEN $4 AND $5::timestamptz IS NOT NULL AND ($7 OR watermark_at IS NULL OR $5 >= watermark_at) THEN $5 ELSE watermark_at END,
            watermark_key = CASE WHEN $4 AND $5::timestamptz IS NOT NULL AND ($7 OR watermark_at IS NULL OR $5 >= watermark_at) THEN $6 ELSE watermark_key END,
            full_at = CASE WHEN $4 AND $7 AND $9 THEN $3 ELSE full_at END, destination = CASE WHEN $4 AND $9 THEN $8 ELSE destination END,
            layout = CASE WHEN $4 AND $7 AND $9 AND $11 = (SELECT layout FROM ended) THEN $11 ELSE layout END,
            width = CASE WHEN $4 AND $7 AND $9 AND $11 = (SELECT layout FROM ended) AND (width <= $12 OR NOT EXISTS (SELECT FROM tab_rows WHERE tab = $1 AND (is_dirty OR cardinality(cells) > $12))) THEN $12 ELSE width END,
            full_from_at = CASE WHEN NOT $7 THEN full_from_at WHEN $4 THEN NULL ELSE coalesce((SELECT left_at FROM ended), $5, CASE WHEN full_from_layout = (SELECT layout FROM ended) THEN full_from_at END) END,
            full_from_key = CASE WHEN NOT $7 THEN full_from_key WHEN $4 THEN NULL ELSE coalesce((SELECT left_key FROM ended), $6, CASE WHEN full_from_layout = (SELECT layout FROM ended) THEN full_from_key END) END,
            full_from_layout = CASE WHEN $7 AND NOT $4 THEN (SELECT layout FROM ended) ELSE full_from_layout END,
            full_left_at = CASE WHEN $7 AND NOT $4 THEN $3 ELSE full_left_at END
        WHERE name = $1 AND job_id = $2
        """;

    /// <summary>Moves the tab's watermark when all rows that were planned have been taken over, and lets go of the tab with its last end.</summary>
    public static Task EndAsync(NpgsqlConnection connection, Guid jobId, string tab, EndWork end, string destination, string layout, int columns, DateTimeOffset at, CancellationToken cancellationToken) =>
        connection.Sql(EndSql).With(tab).With(jobId).With(at.ToUniversalTime()).With(end.IsWhole)
            .WithTyped(NpgsqlDbType.TimestampTz, end.IsWhole || !end.End.IsCompared ? end.End.At : null).WithText(end.IsWhole || !end.End.IsCompared ? end.End.Key : null).With(end.End.IsFull).With(destination)
            .With(end.IsLast).With(end.IsPublished).With(layout).With(columns)
            .RunAsync(cancellationToken);

    private const string RestoredSql = """
        -- name: CountRestoredTabRows
        UPDATE tab_syncs SET restored = restored + $3 WHERE tab = $1 AND job_id = $2
        """;

    public static Task CountRestoredAsync(NpgsqlConnection connection, Guid jobId, string tab, int rows, CancellationToken cancellationToken) =>
        connection.Sql(RestoredSql).With(tab).With(jobId).With(rows).RunAsync(cancellationToken);

    private static string Json(string[]? cells) => JsonSerializer.Serialize(cells ?? []);
}
