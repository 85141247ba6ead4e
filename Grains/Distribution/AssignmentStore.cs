using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Distribution;

/// <summary>What recipients have in their hands: statuses, lists, exports, cleanup.</summary>
public sealed class AssignmentStore(Database database, TimeProvider time)
{
    private const string Columns = "a.id, g.username, g.full_name, a.distribution_id, d.recipients[a.recipient], a.status, a.assigned_at, a.status_at";

    private const string SetStatusSql = """
        -- name: SetAssignmentStatus
        UPDATE distribution_assignments a SET status = u.status, status_at = $4
        FROM (SELECT DISTINCT ON (id) id, status FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS sent(id, status, place) ORDER BY id, place DESC) AS u
        WHERE a.distribution_id = $1 AND a.id = u.id
        """;

    /// <summary>Sets statuses in one statement; the last of equal ids counts. Answers how many assignments of the distribution were among the ids.</summary>
    public async Task<int> SetStatusAsync(Guid distributionId, IReadOnlyList<(string Id, string Status)> statuses, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(SetStatusSql)
            .With(distributionId).With(statuses.Select(status => status.Id).ToArray()).With(statuses.Select(status => status.Status).ToArray()).With(time.GetUtcNow())
            .RunAsync(cancellationToken);
    }

    private const string ListSql = $"""
        -- name: ListAssignments
        SELECT {Columns} FROM distribution_assignments a JOIN global_usernames g ON g.id = a.id JOIN distributions d ON d.id = a.distribution_id
        WHERE a.assigned_at >= coalesce($1::timestamptz, '-infinity') AND a.assigned_at < coalesce($2::timestamptz, 'infinity') AND (a.assigned_at, a.id) > (coalesce($5::timestamptz, '-infinity'), coalesce($4::text, '')) AND ($3::text IS NULL OR a.status = $3)
        ORDER BY a.assigned_at, a.id LIMIT $6
        """;

    /// <summary>Assigned between two instants, oldest first.</summary>
    public async Task<IReadOnlyList<AssignmentRow>> ListAsync(
        DateTimeOffset? from, DateTimeOffset? to, string? status, (DateTimeOffset At, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ListSql)
            .WithTyped(NpgsqlDbType.TimestampTz, from).WithTyped(NpgsqlDbType.TimestampTz, to).WithText(status).WithText(after?.Id).WithTyped(NpgsqlDbType.TimestampTz, after?.At).With(limit)
            .ListAsync(Read, cancellationToken);
    }

    /// <summary>So many assignments are read at once for an export.</summary>
    internal int ExportPage { get; init; } = 5000;

    private const string ExportSql = $"""
        -- name: ExportAssignments
        SELECT {Columns}, a.recipient FROM distribution_assignments a JOIN global_usernames g ON g.id = a.id JOIN distributions d ON d.id = a.distribution_id
        WHERE a.distribution_id = $1 AND (a.recipient, a.id) > ($2, $3) AND a.recipient <= $4
        ORDER BY a.recipient, a.id LIMIT $5
        """;

    /// <summary>All assignments of a distribution, or of one of its recipients (from 1), by recipient and id; page by page: a slow reader holds no connection.</summary>
    public async IAsyncEnumerable<AssignmentRow> ExportAsync(Guid distributionId, int? recipient, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (place, last) = (recipient ?? 0, ""); // before the first one: no id is empty
        List<(int Place, AssignmentRow Row)> page;
        do
        {
            await using (var connection = await database.Interactive.OpenConnectionAsync(cancellationToken))
            {
                page = await connection.Sql(ExportSql).With(distributionId).With(place).With(last).With(recipient ?? int.MaxValue).With(ExportPage)
                    .ListAsync(row => (row.GetInt32(8), Read(row)), cancellationToken);
            }

            foreach (var (_, row) in page)
            {
                yield return row;
            }

            (place, last) = page.Count > 0 ? (page[^1].Place, page[^1].Row.Id) : (place, last);
        }
        while (page.Count == ExportPage);
    }

    private const string LockSql = """
        -- name: LockDistributionsForCleanup
        SELECT pg_advisory_xact_lock(hashtext('distributions'))
        """;

    private const string CountOldSql = """
        -- name: CountOldAssignments
        SELECT count(*) FROM (SELECT FROM distribution_assignments WHERE status = $1 AND status_at < $2 LIMIT $3) AS counted
        """;

    /// <summary>How many assignments have had a status since before an instant; counts up to <paramref name="most"/> only.</summary>
    public async Task<long> CountOldAsync(string status, DateTimeOffset before, long most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (long)(await connection.Sql(CountOldSql).With(status).With(before).With(most).FirstAsync(row => (object)row.GetInt64(0), cancellationToken))!;
    }

    private const string RemoveSql = """
        -- name: RemoveAssignments
        WITH removed AS (
            DELETE FROM distribution_assignments WHERE status = $1 AND status_at < $2 RETURNING id
        ), released AS (
            UPDATE global_usernames g SET used = false, used_at = NULL FROM removed r WHERE $3 AND g.id = r.id RETURNING g.id
        )
        SELECT (SELECT count(*) FROM removed), (SELECT count(*) FROM released)
        """;

    /// <summary>Removes assignments that have had a status since before an instant. Released usernames are unused again; the others stay used for good.</summary>
    public async Task<CleanupResult> CleanUpAsync(string status, DateTimeOffset before, bool release, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.Sql(LockSql).RunAsync(cancellationToken); // a username that is being handed out is not released, nor the other way round
        var result = await connection.Sql(RemoveSql).With(status).With(before).With(release).FirstAsync(row => new CleanupResult(row.GetInt64(0), row.GetInt64(1)), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return result!;
    }

    private static AssignmentRow Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.Text(2), row.GetGuid(3), row.GetString(4), row.GetString(5), row.GetFieldValue<DateTimeOffset>(6), row.GetFieldValue<DateTimeOffset>(7));
}

/// <param name="Removed">Assignments that are gone.</param>
/// <param name="Released">Usernames among them that can be handed out again.</param>
public sealed record CleanupResult(long Removed, long Released);
