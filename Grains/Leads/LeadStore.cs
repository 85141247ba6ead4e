using System.Runtime.CompilerServices;
using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Providers;
using OrleansBulk.Storage;

namespace OrleansBulk.Leads;

/// <summary>Leads as pages and the HTTP API see them: lists by key, newest change first, changes with their history. On the interactive lane.</summary>
public sealed class LeadStore(Database database, ProviderStore providers, TimeProvider time)
{
    private const int ExportAtOnce = 2000;
    private static long s_searches;

    /// <summary>A page of leads, those that changed last first.</summary>
    /// <param name="after">The last one of the page before.</param>
    public async Task<IReadOnlyList<LeadRow>> ListAsync(LeadFilter filter, LeadPlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var inside = await providers.SearchesInsideAsync(connection, cancellationToken);
        var command = connection.Sql(ListSql(filter, after is not null, inside)).With(limit);
        if (after is not null)
        {
            command.With(after.UpdatedAt).With(after.Id);
        }

        return await AddFilter(command, filter, inside).ListAsync(LeadRow.Read, cancellationToken);
    }

    /// <summary>
    /// All of them, however many, the newest lead first and a page at a time: no connection is held while the reader is slow. In an order that no change moves a lead in, so that
    /// one that is changed meanwhile is neither missing nor there twice.
    /// </summary>
    public async IAsyncEnumerable<LeadRow> ExportAsync(LeadFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (Guid? after = null; ;)
        {
            var page = await ExportAsync(filter, after, cancellationToken);
            foreach (var lead in page)
            {
                yield return lead;
            }

            if (page.Count < ExportAtOnce)
            {
                yield break;
            }

            after = page[^1].Id;
        }
    }

    private async Task<IReadOnlyList<LeadRow>> ExportAsync(LeadFilter filter, Guid? after, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var inside = await providers.SearchesInsideAsync(connection, cancellationToken);
        var command = connection.Sql(ExportSql(filter, inside)).With(ExportAtOnce).WithTyped(NpgsqlDbType.Uuid, after);
        return await AddFilter(command, filter, inside).ListAsync(LeadRow.Read, cancellationToken);
    }

    private static NpgsqlCommand AddFilter(NpgsqlCommand command, LeadFilter filter, bool inside)
    {
        foreach (var text in new[] { filter.Status, filter.Owner })
        {
            if (text is not null)
            {
                command.WithTyped(NpgsqlDbType.Text, text);
            }
        }

        return filter.Provider.AddTo(command, inside);
    }

    /// <summary>
    /// The statement for a page. Filters ask the leads themselves, which know what their providers' rows say: looking it up for each would read a hundred thousand rows where
    /// none matches. What is asked of providers gets a text that no other has, so that it is planned for what is asked.
    /// </summary>
    internal static string ListSql(LeadFilter filter, bool after, bool inside) => $"""
        -- name: ListLeads
        SELECT {LeadRow.Columns} FROM leads l JOIN providers p ON p.npi = l.npi
        WHERE {(after ? "(l.updated_at, l.id) < ($2, $3)" : "true")}{Conditions(filter, after ? 4 : 2, inside)}
        ORDER BY l.updated_at DESC, l.id DESC LIMIT $1
        {(filter.Provider.IsEmpty ? "" : $"-- {Interlocked.Increment(ref s_searches)}")}
        """;

    internal static string ExportSql(LeadFilter filter, bool inside) => $"""
        -- name: ExportLeads
        SELECT {LeadRow.Columns} FROM leads l JOIN providers p ON p.npi = l.npi
        WHERE ($2::uuid IS NULL OR l.id < $2){Conditions(filter, 3, inside)}
        ORDER BY l.id DESC LIMIT $1
        {(filter.Provider.IsEmpty ? "" : $"-- {Interlocked.Increment(ref s_searches)}")}
        """;

    /// <param name="first">The number of the first parameter.</param>
    private static string Conditions(LeadFilter filter, int first, bool inside)
    {
        var status = filter.Status is null ? "" : $" AND l.status = ${first++}";
        var owner = filter.Owner is null ? "" : $" AND coalesce(l.owner, '') = ${first++}";
        return $"{status}{owner}{filter.Provider.Conditions(first, inside, 'l')}";
    }

    private const string FindSql = $"""
        -- name: FindLead
        SELECT {LeadRow.Columns} FROM leads l JOIN providers p ON p.npi = l.npi WHERE l.id = $1
        """;

    /// <summary>The lead, or null.</summary>
    public async Task<LeadRow?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(LeadRow.Read, cancellationToken);
    }

    private const string HistorySql = """
        -- name: ReadLeadHistory
        SELECT at, who, from_status, to_status, note FROM lead_history WHERE lead_id = $1 ORDER BY no DESC LIMIT $2
        """;

    /// <summary>What happened to a lead, newest first.</summary>
    public async Task<IReadOnlyList<LeadEvent>> ReadHistoryAsync(Guid id, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(HistorySql).With(id).With(limit)
            .ListAsync(row => new LeadEvent(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1), row.Text(2), row.Text(3), row.Text(4)), cancellationToken);
    }

    // The row is locked before it is compared, so two changes at once both stand in the history, one after the other. In the order of NPIs, as a provider's change takes its lead
    // along: the two wait for each other and never crosswise. What becomes of the owner is a line of its own.
    private const string ChangeSql = """
        -- name: ChangeLeads
        WITH old AS (
            SELECT id, status, owner FROM leads WHERE id = ANY($1) ORDER BY npi FOR UPDATE
        ), changed AS (
            UPDATE leads l SET status = coalesce($2, l.status), owner = CASE WHEN $3::text IS NULL THEN l.owner ELSE nullif($3, '') END, updated_at = $4
            FROM old WHERE l.id = old.id
              AND ($5::text IS NOT NULL OR coalesce($2, l.status) <> l.status OR ($3::text IS NOT NULL AND coalesce(l.owner, '') <> $3))
            RETURNING l.id, old.status AS before, l.status AS now, l.owner IS DISTINCT FROM old.owner AS handed
        ), told AS (
            INSERT INTO lead_history (lead_id, at, who, from_status, to_status, note)
            SELECT id, $4, $6, before, now, note FROM (
                SELECT 1 AS line, id, CASE WHEN now <> before THEN before END AS before, CASE WHEN now <> before THEN now END AS now, $5 AS note FROM changed WHERE now <> before OR $5 IS NOT NULL
                UNION ALL
                SELECT 2, id, NULL, NULL, CASE WHEN $3 = '' THEN 'owner: nobody' ELSE 'owner: ' || $3 END FROM changed WHERE handed
            ) AS lines ORDER BY line
        )
        SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM old)
        """;

    /// <summary>Changes leads and writes it into their histories; what is so already is left alone.</summary>
    /// <param name="who">Who changed them.</param>
    /// <returns>How many changed, and how many of the ids there are.</returns>
    public async Task<LeadsChanged> ChangeAsync(IReadOnlyCollection<Guid> ids, LeadChange change, string who, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var note = string.IsNullOrWhiteSpace(change.Note) ? null : change.Note.Trim();
        return (await connection.Sql(ChangeSql).With(ids.Distinct().ToArray()).WithText(change.Status).WithText(change.Owner?.Trim()).With(time.GetUtcNow()).WithText(note).With(who)
            .FirstAsync(row => new LeadsChanged(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
    }

    private const string CountsSql = """
        -- name: CountLeadsByStatus
        SELECT s.status, (SELECT count(*) FROM (SELECT FROM leads l WHERE l.status = s.status LIMIT $2) AS counted) FROM unnest($1::text[]) WITH ORDINALITY AS s(status, no) ORDER BY s.no
        """;

    /// <summary>How many leads have each status; counts up to <paramref name="most"/> of each only, so that it stays quick however many there are.</summary>
    public async Task<IReadOnlyList<(string Status, long Count)>> CountAsync(long most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(CountsSql).With(LeadStatus.All.ToArray()).With(most).ListAsync(row => (row.GetString(0), row.GetInt64(1)), cancellationToken);
    }
}

/// <param name="Changed">The others were so already.</param>
/// <param name="Known">Of the ids that were named.</param>
public sealed record LeadsChanged(long Changed, long Known);
