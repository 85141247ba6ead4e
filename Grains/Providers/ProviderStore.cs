using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>
/// Providers as pages and the HTTP API see them, a page at a time by key. Every list is in the order of the index that serves it (<c>scripts/sql/database_indexes.sql</c>): by state,
/// city and NPI where a state or a specialty is asked for, else by NPI. On the interactive lane.
/// </summary>
public sealed class ProviderStore(Database database, TimeProvider time)
{
    /// <summary>How long it is believed that names can, or cannot, be searched inside: the index may come while the service runs.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromMinutes(1);

    private const string CityKey = "upper(coalesce(p.city, ''))";
    private const string StateKey = "coalesce(p.state, '')";
    private static long s_searches;

    private volatile Belief? _inside;

    /// <summary>A page of providers.</summary>
    /// <param name="after">Where the page before ended.</param>
    public async Task<ProviderPage> ListAsync(ProviderFilter filter, ProviderPlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var inside = await SearchesInsideAsync(connection, cancellationToken);
        var command = connection.Sql(ListSql(filter, after is not null, inside)).With(limit + 1);
        if (after is not null)
        {
            command.With(after.Npi);
            if (OrderOf(filter) is not Order.Npi)
            {
                command.With(after.City);
            }

            if (OrderOf(filter) is Order.StateCityNpi)
            {
                command.With(after.State);
            }
        }

        var rows = await filter.AddTo(command, inside).ListAsync(row => (Row: ProviderRow.Read(row), Place: new ProviderPlace(row.GetString(12), row.GetString(13), row.GetInt64(0))), cancellationToken);
        return new ProviderPage([.. rows.Take(limit).Select(row => row.Row)], rows.Count > limit ? rows[limit - 1].Place : null);
    }

    private const string FindSql = $"""
        -- name: FindProvider
        SELECT {ProviderDetails.Columns} FROM providers p WHERE p.npi = $1
        """;

    /// <summary>The provider, or null.</summary>
    public async Task<ProviderDetails?> FindAsync(long npi, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(npi).FirstAsync(ProviderDetails.Read, cancellationToken);
    }

    /// <summary>Whether names can be searched inside, and not by their beginning only.</summary>
    public async Task<bool> SearchesInsideAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await SearchesInsideAsync(connection, cancellationToken);
    }

    private enum Order
    {
        Npi,
        CityNpi,
        StateCityNpi,
    }

    /// <summary>The statement for a page. A search gets a text that no other has: prepared once and for all, it would be planned for the average word, of which there is none.</summary>
    internal static string ListSql(ProviderFilter filter, bool after, bool inside)
    {
        var order = OrderOf(filter);
        var (keys, place) = order switch
        {
            Order.Npi => ("p.npi", "$2"),
            Order.CityNpi => ($"{CityKey}, p.npi", "$3, $2"),
            _ => ($"{StateKey}, {CityKey}, p.npi", "$4, $3, $2"),
        };
        var first = after ? 2 + place.Count(letter => letter == '$') : 2;
        return $"""
            -- name: ListProviders
            SELECT {ProviderRow.Columns}, {StateKey}, {CityKey} FROM providers p
            WHERE {(after ? $"({keys}) > ({place})" : "true")}{filter.Conditions(first, inside)}
            ORDER BY {keys} LIMIT $1
            {(filter.Search is null ? "" : $"-- {Interlocked.Increment(ref s_searches)}")}
            """;
    }

    /// <summary>A searched name leads, whatever else is asked for: few match it.</summary>
    private static Order OrderOf(ProviderFilter filter) =>
        filter.Search is not null || filter is { State: null, Taxonomy: null } || filter is { State: not null, City: not null } ? Order.Npi
        : filter.State is not null ? Order.CityNpi
        : Order.StateCityNpi;

    private const string InsideSql = """
        -- name: CanSearchInsideNames
        SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('idx_providers_name') AND indisvalid)
        """;

    internal async Task<bool> SearchesInsideAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (_inside is { } known && time.GetElapsedTime(known.At) < Believed)
        {
            return known.Inside;
        }

        var inside = (await connection.Sql(InsideSql).FirstAsync(row => (object)row.GetBoolean(0), cancellationToken)) is true;
        _inside = new Belief(inside, time.GetTimestamp());
        return inside;
    }

    private sealed record Belief(bool Inside, long At);

    private const string SizeSql = """
        -- name: EstimateProviders
        SELECT greatest(reltuples, 0)::bigint, pg_relation_size(oid) FROM pg_class WHERE oid = 'providers'::regclass
        """;

    private const string StateCountsSql = """
        -- name: CountProvidersByState
        SELECT state, count(*) FROM providers WHERE state IS NOT NULL GROUP BY state ORDER BY count(*) DESC, state LIMIT $1
        """;

    private const string TaxonomyCountsSql = """
        -- name: CountProvidersByTaxonomy
        SELECT taxonomy, count(*) FROM providers WHERE taxonomy IS NOT NULL GROUP BY taxonomy ORDER BY count(*) DESC, taxonomy LIMIT $1
        """;

    // What the planner knows is at most a tenth of the table old, and reading it costs nothing.
    private const string SharesSql = """
        -- name: EstimateProviderShares
        SELECT v.value, round(v.share * $2)::bigint FROM pg_stats s,
            unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS v(value, share)
        WHERE s.schemaname = current_schema() AND s.tablename = 'providers' AND s.attname = $1 ORDER BY v.share DESC, v.value LIMIT $3
        """;

    /// <summary>Tables up to so many bytes are counted; that takes some ten milliseconds. Of larger ones the planner's statistics tell about how many there are.</summary>
    private const long CountedBytes = 32L * 1024 * 1024;

    /// <summary>How many providers there are by state and by primary taxonomy, the most first.</summary>
    public async Task<ProviderShares> ReadSharesAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var (rows, bytes) = (await connection.Sql(SizeSql).FirstAsync(row => Tuple.Create(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
        if (bytes <= CountedBytes)
        {
            return new ProviderShares(await Read(connection.Sql(StateCountsSql).With(limit)), await Read(connection.Sql(TaxonomyCountsSql).With(limit)), IsEstimate: false);
        }

        return new ProviderShares(await Read(Share("state")), await Read(Share("taxonomy")), IsEstimate: true);

        NpgsqlCommand Share(string column) => connection.Sql(SharesSql).WithTyped(NpgsqlDbType.Text, column).With((double)rows).With(limit);

        async Task<IReadOnlyList<ProviderShare>> Read(NpgsqlCommand command) => await command.ListAsync(row => new ProviderShare(row.GetString(0), row.GetInt64(1)), cancellationToken);
    }
}

/// <param name="IsEstimate">The counts are about right: the table is too large to be counted for a page.</param>
public sealed record ProviderShares(IReadOnlyList<ProviderShare> States, IReadOnlyList<ProviderShare> Taxonomies, bool IsEstimate);

public sealed record ProviderShare(string Value, long Count);
