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
            UPDATE tab_rows r SET cells = w.after, updated_at = w.at, is_dirty = false FROM work w WHERE r.tab = $1 AND r.key = w.key AND w.kind <> 'removed'
        ), removed AS (
            DELETE FROM tab_rows r USING work w WHERE r.tab = $1 AND r.key = w.key AND w.kind = 'removed'
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

    private const string EndSql = """
        -- name: EndTabSync
        WITH ended AS (
            UPDATE tab_syncs SET finished_at = $3, is_whole = $4 WHERE tab = $1 AND job_id = $2
        ), older AS (
            DELETE FROM tab_changes WHERE tab = $1 AND job_id <> $2 AND EXISTS (SELECT FROM tab_changes WHERE tab = $1 AND job_id = $2)
        )
        UPDATE tabs SET job_id = NULL, published_at = $3,
            watermark_at = CASE WHEN $4 THEN coalesce($5, watermark_at) ELSE watermark_at END, watermark_key = CASE WHEN $4 THEN coalesce($6, watermark_key) ELSE watermark_key END,
            full_at = CASE WHEN $4 AND $7 THEN $3 ELSE full_at END, destination = CASE WHEN $4 THEN $8 ELSE destination END
        WHERE name = $1 AND job_id = $2
        """;

    /// <summary>Lets go of the tab, and moves its watermark when all rows that were planned have been taken over.</summary>
    public static Task EndAsync(NpgsqlConnection connection, Guid jobId, string tab, EndWork end, string destination, DateTimeOffset at, CancellationToken cancellationToken) =>
        connection.Sql(EndSql).With(tab).With(jobId).With(at.ToUniversalTime()).With(end.IsWhole).WithTyped(NpgsqlDbType.TimestampTz, end.End.At).WithText(end.End.Key).With(end.End.IsFull).With(destination)
            .RunAsync(cancellationToken);

    private const string RestoredSql = """
        -- name: CountRestoredTabRows
        UPDATE tab_syncs SET restored = restored + $3 WHERE tab = $1 AND job_id = $2
        """;

    public static Task CountRestoredAsync(NpgsqlConnection connection, Guid jobId, string tab, int rows, CancellationToken cancellationToken) =>
        connection.Sql(RestoredSql).With(tab).With(jobId).With(rows).RunAsync(cancellationToken);

    private static string Json(string[]? cells) => JsonSerializer.Serialize(cells ?? []);
}
