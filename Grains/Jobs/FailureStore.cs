using System.Runtime.CompilerServices;
using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>What went wrong in a job: folded by cause, listed by key, streamed for exports.</summary>
public sealed class FailureStore(Database database)
{
    private const int ExportPage = 5000;
    private const int MostRecent = 2000; // rows of causes that a look at the last day reads

    private const string CausesSql = """
        -- name: ReadCauses
        SELECT cause, count, example FROM failure_causes WHERE job_id = $1 ORDER BY count DESC, cause LIMIT $2
        """;

    /// <summary>Causes with their counts, the most frequent first.</summary>
    public async Task<IReadOnlyList<FailureCause>> ReadCausesAsync(Guid jobId, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(CausesSql).With(jobId).With(limit).ListAsync(row => new FailureCause(row.GetString(0), row.GetInt64(1), row.GetString(2)), cancellationToken);
    }

    private const string CountSql = """
        -- name: CountFailuresOfCause
        SELECT count FROM failure_causes WHERE job_id = $1 AND cause = $2
        """;

    /// <summary>How many items have failed with one cause.</summary>
    public async Task<long> CountAsync(Guid jobId, string cause, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(CountSql).With(jobId).With(cause).FirstAsync(row => (object)row.GetInt64(0), cancellationToken) is long count ? count : 0;
    }

    private const string RecentCausesSql = """
        -- name: ReadRecentCauses
        SELECT cause, sum(count)::bigint, count(*), (array_agg(job_id ORDER BY job_id DESC))[1], (sum(sum(count)) OVER ())::bigint, (sum(count(*)) OVER ())::bigint
        FROM (SELECT job_id, cause, count FROM failure_causes WHERE latest_at >= $1 AND count > 0 ORDER BY latest_at DESC LIMIT $2) latest
        GROUP BY cause ORDER BY 2 DESC, cause LIMIT $3
        """;

    /// <summary>The largest of the causes that were met since then, in whatever job, and how many items failed of all of them; of very many the latest are looked at.</summary>
    /// <param name="limit">So many causes; the count of items is of all.</param>
    public async Task<RecentFailures> ReadRecentAsync(DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var rows = await connection.Sql(RecentCausesSql).With(since).With(MostRecent).With(limit)
            .ListAsync(row => (Cause: new RecentCause(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetGuid(3)), Items: row.GetInt64(4), Read: row.GetInt64(5)), cancellationToken);
        return rows.Count == 0 ? new RecentFailures([], 0, false) : new RecentFailures([.. rows.Select(row => row.Cause)], rows[0].Items, rows[0].Read == MostRecent);
    }

    private const string SkipsSql = """
        -- name: ReadSkips
        SELECT reason, count FROM skip_reasons WHERE job_id = $1 ORDER BY count DESC, reason
        """;

    /// <summary>Why items were skipped, the most frequent reason first.</summary>
    public async Task<IReadOnlyList<SkipReason>> ReadSkipsAsync(Guid jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(SkipsSql).With(jobId).ListAsync(row => new SkipReason(row.GetString(0), row.GetInt64(1)), cancellationToken);
    }

    private const string ListSql = """
        -- name: ListFailures
        SELECT ordinal, key, cause, message, attempts, at FROM failures
        WHERE job_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3
        """;

    private const string ListOfCauseSql = """
        -- name: ListFailuresOfCause
        SELECT ordinal, key, cause, message, attempts, at FROM failures
        WHERE job_id = $1 AND cause = $4 AND ordinal > $2 ORDER BY ordinal LIMIT $3
        """;

    /// <summary>Failures in the order of the input, from behind an ordinal on.</summary>
    public async Task<IReadOnlyList<Failure>> ListAsync(Guid jobId, string? cause, long after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var list = connection.Sql(cause is null ? ListSql : ListOfCauseSql).With(jobId).With(after).With(limit);
        return await (cause is null ? list : list.With(cause)).ListAsync(Read, cancellationToken);
    }

    private const string ListBackSql = """
        -- name: ListFailuresBack
        SELECT ordinal, key, cause, message, attempts, at FROM failures
        WHERE job_id = $1 AND ordinal < $2 ORDER BY ordinal DESC LIMIT $3
        """;

    private const string ListBackOfCauseSql = """
        -- name: ListFailuresOfCauseBack
        SELECT ordinal, key, cause, message, attempts, at FROM failures
        WHERE job_id = $1 AND cause = $4 AND ordinal < $2 ORDER BY ordinal DESC LIMIT $3
        """;

    /// <summary>The failures right before an ordinal, the nearest first.</summary>
    public async Task<IReadOnlyList<Failure>> ListBackAsync(Guid jobId, string? cause, long before, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var list = connection.Sql(cause is null ? ListBackSql : ListBackOfCauseSql).With(jobId).With(before).With(limit);
        return await (cause is null ? list : list.With(cause)).ListAsync(Read, cancellationToken);
    }

    /// <summary>All failures, page by page: a slow reader holds no connection.</summary>
    public async IAsyncEnumerable<Failure> StreamAsync(Guid jobId, string? cause, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = -1L;
        IReadOnlyList<Failure> page;
        do
        {
            page = await ListAsync(jobId, cause, after, ExportPage, cancellationToken);
            foreach (var failure in page)
            {
                yield return failure;
            }

            after = page.Count > 0 ? page[^1].Ordinal : after;
        }
        while (page.Count == ExportPage);
    }

    private static Failure Read(NpgsqlDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4), row.GetFieldValue<DateTimeOffset>(5));
}

public sealed record FailureCause(string Cause, long Count, string Example);

/// <summary>What failed lately.</summary>
/// <param name="Items">Failed items of all causes that were met lately, since the beginning of their jobs.</param>
/// <param name="IsMore">There are more causes than were looked at, and so more items.</param>
public sealed record RecentFailures(IReadOnlyList<RecentCause> Causes, long Items, bool IsMore);

/// <summary>A cause over several jobs.</summary>
/// <param name="Count">Failed items, since the beginning of these jobs.</param>
/// <param name="Jobs">How many jobs met it.</param>
/// <param name="LatestJob">The newest of them.</param>
public sealed record RecentCause(string Cause, long Count, long Jobs, Guid LatestJob);

public sealed record SkipReason(string Reason, long Count);

public sealed record Failure(long Ordinal, string Key, string Cause, string Message, int Attempts, DateTimeOffset At);
