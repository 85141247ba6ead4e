using System.Runtime.CompilerServices;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers.Files;

/// <summary>What loads of provider files came to, as pages and the HTTP API see them. On the interactive lane.</summary>
public sealed class ProviderFileStore(Database database, JobStore jobs)
{
    private const int RejectedAtOnce = 5000;

    private const string FindSql = """
        -- name: FindProviderFile
        SELECT f.next_offset, f.lines, f.created, f.updated, f.unchanged, f.deactivated, f.left_out, f.rejected, j.spec::text
        FROM provider_files f JOIN jobs j ON j.id = f.job_id WHERE f.job_id = $1
        """;

    /// <summary>The load as far as it is; null when there is none with this id.</summary>
    public async Task<ProviderFileResult?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { Workload: ProviderFileLoad.WorkloadName } job)
        {
            return null;
        }

        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(
            row => new ProviderFileResult(
                job, ProviderFileSpec.Read(row.GetString(8)), row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7)),
            cancellationToken);
    }

    /// <summary>Loads, newest first.</summary>
    public Task<IReadOnlyList<JobRow>> ListAsync(int limit, CancellationToken cancellationToken) => jobs.ListAsync(ProviderFileLoad.WorkloadName, null, null, null, limit, cancellationToken);

    private const string RejectedSql = """
        -- name: ListRejectedLines
        SELECT line, npi, reason FROM provider_file_rejections WHERE job_id = $1 AND line > $2 ORDER BY line LIMIT $3
        """;

    /// <summary>Lines that were not taken, in order.</summary>
    /// <param name="after">The last line of the page before; 0 for the first.</param>
    public async Task<IReadOnlyList<RejectedLine>> ListRejectedAsync(Guid id, long after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(RejectedSql).With(id).With(after).With(limit).ListAsync(RejectedLine.Read, cancellationToken);
    }

    /// <summary>All of them, however many, a page at a time: no connection is held while the reader is slow.</summary>
    public async IAsyncEnumerable<RejectedLine> ExportRejectedAsync(Guid id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var after = 0L; ;)
        {
            var page = await ListRejectedAsync(id, after, RejectedAtOnce, cancellationToken);
            foreach (var line in page)
            {
                yield return line;
            }

            if (page.Count < RejectedAtOnce)
            {
                yield break;
            }

            after = page[^1].Line;
        }
    }
}

/// <summary>A load of a file, and what its lines came to so far.</summary>
/// <param name="BytesRead">Of the text, unpacked; <see cref="ProviderFileSpec.Bytes"/> are all.</param>
/// <param name="Lines">Without the header; always the sum of what follows.</param>
/// <param name="Unchanged">Stored so already, or from a newer state.</param>
/// <param name="Deactivated">Marked by lines that say no more than that.</param>
/// <param name="LeftOut">Of other specialties or states than were asked for.</param>
public sealed record ProviderFileResult(
    JobRow Job, ProviderFileSpec Spec, long BytesRead, long Lines, long Created, long Updated, long Unchanged, long Deactivated, long LeftOut, long Rejected);

/// <param name="Line">From 1, the header.</param>
/// <param name="Npi">As it stands in the line; empty when it cannot be told.</param>
public sealed record RejectedLine(long Line, string Npi, string Reason)
{
    internal static RejectedLine Read(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetString(1), row.GetString(2));
}
