using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Notes what went wrong with a tab, in the transaction of the outcomes: pages need not look for it among the failures of jobs, and every sync tries the rows that failed
/// again, though their time lies behind the watermark.
/// </summary>
internal static class TabTroubles
{
    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;

    private const string FailedSql = """
        -- name: NoteTabFailures
        WITH counted AS (
            UPDATE tab_syncs SET failed = failed + $3 WHERE tab = $1 AND job_id = $2
        ), known AS (
            INSERT INTO tabs AS t (name, error, error_at, error_job, is_error_of_full) VALUES ($1, $4, $5, $2, $7)
            ON CONFLICT (name) DO UPDATE SET error = excluded.error, error_at = excluded.error_at, error_job = excluded.error_job, is_error_of_full = excluded.is_error_of_full WHERE t.error_job IS DISTINCT FROM excluded.error_job
        )
        INSERT INTO tab_failures (tab, key) SELECT $1, key FROM unnest($6::text[]) AS key ORDER BY key ON CONFLICT DO NOTHING
        """;

    private const string DoneSql = """
        -- name: ForgetTabRowFailures
        DELETE FROM tab_failures WHERE tab = $1 AND key = ANY($2)
        """;

    private const string NoneSql = """
        -- name: ForgetTabFailures
        UPDATE tabs SET error = NULL, error_at = NULL, error_job = NULL WHERE name = $1 AND error_job <> $2 AND ($3 OR NOT is_error_of_full) AND NOT EXISTS (SELECT FROM tab_failures WHERE tab = $1)
        """;

    /// <summary>Counts what failed and keeps the first of it in words; a sync that comes to its end, with no row left that failed, takes away what an earlier one said.</summary>
    public static async Task NoteAsync(NpgsqlConnection connection, Guid jobId, string tab, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        var done = results.Where(result => result.Outcome is ItemSucceeded { Result: RowWork } or ItemSkipped { Reason: TabSyncRun.Unchanged or TabSyncRun.Deleted }).Select(KeyOf).OfType<string>().ToArray();
        if (done.Length > 0)
        {
            await connection.Sql(DoneSql).With(tab).WithTyped(Texts, done).RunAsync(cancellationToken);
        }

        var failures = results.Where(result => result.Outcome is ItemFailed).ToList();
        if (failures is [var first, ..])
        {
            await connection.Sql(FailedSql).With(tab).With(jobId).With(failures.Count).With(((ItemFailed)first.Outcome).Message).With(first.At.ToUniversalTime())
                .WithTyped(Texts, failures.Select(KeyOf).OfType<string>().ToArray()).With(TabItem.Read(first.Item) is UnplacedRows).RunAsync(cancellationToken);
        }
        else if (results.Select(result => (result.Outcome as ItemSucceeded)?.Result).OfType<EndWork>().FirstOrDefault(end => end.IsWhole) is { } end)
        {
            await connection.Sql(NoneSql).With(tab).With(jobId).With(end.End.IsFull).RunAsync(cancellationToken);
        }
    }

    /// <summary>Null: the item is about no row.</summary>
    private static string? KeyOf(ItemResult result) => TabItem.Read(result.Item) switch
    {
        ChangedRow row => row.Key,
        GoneRow row => row.Key,
        _ => null,
    };
}
