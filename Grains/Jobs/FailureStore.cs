using System.Runtime.CompilerServices;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>What went wrong in a job: folded by cause, listed by key, streamed for exports.</summary>
public sealed class FailureStore(Database database)
{
    private const int ExportPage = 5000;

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
        return await (cause is null ? list : list.With(cause))
            .ListAsync(row => new Failure(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt32(4), row.GetFieldValue<DateTimeOffset>(5)), cancellationToken);
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
}

public sealed record FailureCause(string Cause, long Count, string Example);

public sealed record SkipReason(string Reason, long Count);

public sealed record Failure(long Ordinal, string Key, string Cause, string Message, int Attempts, DateTimeOffset At);
