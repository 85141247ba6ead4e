using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Distribution;

/// <summary>Makes distributions, one at a time, and finds them. They are made on the bulk lane: a large one takes half a minute, and who waits for another one must not hold a connection of the pages.</summary>
public sealed class DistributionStore(Database database, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Whoever wants to make one on this silo; so that at most one of them waits on a connection, for those of other silos.</summary>
    private readonly SemaphoreSlim _makers = new(1);

    // One at a time, so that two never look at the same unused usernames, and "too few" is a number that is true.
    private const string LockSql = """
        -- name: LockDistributions
        SELECT pg_advisory_xact_lock(hashtext('distributions'))
        """;

    private const string FindByNameSql = $"""
        -- name: FindDistributionByName
        SELECT {DistributionRow.Columns} FROM distributions WHERE name = $1
        """;

    private const string InsertSql = """
        -- name: InsertDistribution
        INSERT INTO distributions (id, name, requested, selected, recipients, created_by, created_at) VALUES ($1, $2, $3, $3, $4, $5, $6)
        """;

    private const string AssignSql = """
        -- name: Distribute
        WITH oldest AS MATERIALIZED (
            SELECT id, ingested_at FROM global_usernames WHERE NOT used ORDER BY ingested_at, id LIMIT $1
        ), taken AS (
            UPDATE global_usernames g SET used = true, used_at = $2 FROM oldest o WHERE g.id = o.id
        )
        INSERT INTO distribution_assignments (id, distribution_id, recipient, assigned_at, status_at)
        SELECT id, $3, 1 + (row_number() OVER (ORDER BY ingested_at, id) - 1) % $4, $2, $2 FROM oldest
        """;

    private const string SelectedSql = """
        -- name: SetSelected
        UPDATE distributions SET selected = $2 WHERE id = $1
        """;

    private const string CountUnusedSql = """
        -- name: CountUnused
        SELECT count(*)::integer FROM (SELECT FROM global_usernames WHERE NOT used LIMIT $1) AS unused
        """;

    /// <summary>Hands out the oldest unused usernames, evenly, in one transaction; or finds what was handed out under this name before.</summary>
    /// <exception cref="DistributionBusyException">Others were made all the time.</exception>
    public async Task<DistributionReply> MakeAsync(DistributionRequest request, string createdBy, CancellationToken cancellationToken)
    {
        if (!await _makers.WaitAsync(Patience, cancellationToken))
        {
            throw new DistributionBusyException(Patience);
        }

        try
        {
            await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var reply = await MakeAsync(connection, request, createdBy, cancellationToken);
            if (reply is DistributionMade { IsNew: true })
            {
                await transaction.CommitAsync(cancellationToken);
            }

            return reply;
        }
        finally
        {
            _makers.Release();
        }
    }

    public void Dispose() => _makers.Dispose();

    /// <summary>The same inside the caller's transaction, which must be rolled back, or back to before this, when there are too few.</summary>
    internal async Task<DistributionReply> MakeAsync(NpgsqlConnection connection, DistributionRequest request, string createdBy, CancellationToken cancellationToken)
    {
        await connection.Sql(LockSql).RunAsync(cancellationToken);
        if (await connection.Sql(FindByNameSql).With(request.Name).FirstAsync(DistributionRow.Read, cancellationToken) is { } known)
        {
            return new DistributionMade(known, IsNew: false);
        }

        // Before anything is written: a million rows that would be rolled back take half a minute. None becomes used meanwhile, because of the lock.
        var unused = await connection.Sql(CountUnusedSql).With(request.Count).ListAsync(row => row.GetInt32(0), cancellationToken);
        if (unused[0] == 0 || (unused[0] < request.Count && !request.AllowPartial))
        {
            return new TooFewUnused(unused[0]);
        }

        var now = time.GetUtcNow();
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)); // as PostgreSQL keeps it: the first answer is that of every later one
        var row = new DistributionRow(Guid.CreateVersion7(now), request.Name, request.Count, request.Count, request.Recipients, createdBy, now);
        await connection.Sql(InsertSql).With(row.Id).With(row.Name).With(row.Requested).With(row.Recipients.ToArray()).With(createdBy).With(now).RunAsync(cancellationToken);
        var selected = await connection.Sql(AssignSql).With(request.Count).With(now).With(row.Id).With(request.Recipients.Count).RunAsync(cancellationToken);
        if (selected < request.Count)
        {
            await connection.Sql(SelectedSql).With(row.Id).With(selected).RunAsync(cancellationToken);
        }

        return new DistributionMade(row with { Selected = selected }, IsNew: true);
    }

    private const string FindSql = $"""
        -- name: FindDistribution
        SELECT {DistributionRow.Columns} FROM distributions WHERE id = $1
        """;

    public async Task<DistributionRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(DistributionRow.Read, cancellationToken);
    }

    private const string ListSql = $"""
        -- name: ListDistributions
        SELECT {DistributionRow.Columns} FROM distributions
        WHERE created_at >= coalesce($1::timestamptz, '-infinity') AND created_at < coalesce($2::timestamptz, 'infinity') AND (created_at, id) < (coalesce($4::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
        ORDER BY created_at DESC, id DESC LIMIT $5
        """;

    /// <summary>Newest first, made between two instants.</summary>
    /// <param name="after">The last one of the page before.</param>
    public async Task<IReadOnlyList<DistributionRow>> ListAsync(DateTimeOffset? from, DateTimeOffset? to, Guid? after, int limit, CancellationToken cancellationToken)
    {
        var last = after is { } id ? await FindAsync(id, cancellationToken) : null;
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ListSql)
            .WithTyped(NpgsqlDbType.TimestampTz, from).WithTyped(NpgsqlDbType.TimestampTz, to).WithTyped(NpgsqlDbType.Uuid, last?.Id).WithTyped(NpgsqlDbType.TimestampTz, last?.CreatedAt).With(limit)
            .ListAsync(DistributionRow.Read, cancellationToken);
    }

    private const string RecipientsSql = """
        -- name: CountRecipients
        SELECT r.no::integer, r.name,
            count(*) FILTER (WHERE a.status = 'assigned'), count(*) FILTER (WHERE a.status = 'contacted'), count(*) FILTER (WHERE a.status = 'done'), count(*) FILTER (WHERE a.status = 'rejected')
        FROM distributions d CROSS JOIN LATERAL unnest(d.recipients) WITH ORDINALITY AS r(name, no)
        LEFT JOIN distribution_assignments a ON a.distribution_id = d.id AND a.recipient = r.no
        WHERE d.id = $1 GROUP BY r.no, r.name ORDER BY r.no
        """;

    /// <summary>Who got how many, and what became of them; assignments that were cleaned up are not among them.</summary>
    public async Task<IReadOnlyList<RecipientRow>> ReadRecipientsAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(RecipientsSql).With(id)
            .ListAsync(row => new RecipientRow(row.GetInt32(0), row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)), cancellationToken);
    }
}
