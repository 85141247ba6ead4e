using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>Notes what went wrong with a tab, in the transaction of the outcomes, so that pages need not look for it among the failures of jobs.</summary>
internal static class TabTroubles
{
    private const string FailedSql = """
        -- name: NoteTabFailures
        WITH counted AS (
            UPDATE tab_syncs SET failed = failed + $3 WHERE tab = $1 AND job_id = $2
        )
        INSERT INTO tabs AS t (name, error, error_at, error_job) VALUES ($1, $4, $5, $2)
        ON CONFLICT (name) DO UPDATE SET error = excluded.error, error_at = excluded.error_at, error_job = excluded.error_job WHERE t.error_job IS DISTINCT FROM excluded.error_job
        """;

    private const string NoneSql = """
        -- name: ForgetTabFailures
        UPDATE tabs SET error = NULL, error_at = NULL, error_job = NULL WHERE name = $1 AND error_job <> $2
        """;

    /// <summary>Counts what failed and keeps the first of it in words; a sync that comes to its end without takes away what an earlier one left.</summary>
    public static async Task NoteAsync(NpgsqlConnection connection, Guid jobId, string tab, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        var failures = results.Where(result => result.Outcome is ItemFailed).ToList();
        if (failures is [var first, ..])
        {
            await connection.Sql(FailedSql).With(tab).With(jobId).With(failures.Count).With(((ItemFailed)first.Outcome).Message).With(first.At.ToUniversalTime()).RunAsync(cancellationToken);
        }
        else if (results.Any(result => result.Outcome is ItemSucceeded { Result: EndWork { IsWhole: true } }))
        {
            await connection.Sql(NoneSql).With(tab).With(jobId).RunAsync(cancellationToken);
        }
    }
}
