using System.Globalization;
using Npgsql;

namespace OrleansBulk.Storage;

/// <summary>What the database says of itself, for the page about the system.</summary>
public sealed class DatabaseFacts(Database database)
{
    private const string FactsSql = """
        -- name: ReadDatabaseFacts
        SELECT current_setting('server_version'), current_database(), pg_database_size(current_database()), pg_postmaster_start_time(),
               current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')
        """;

    private const string LanesSql = """
        -- name: ReadDatabaseLanes
        SELECT application_name, count(*), count(*) FILTER (WHERE state <> 'idle' AND pid <> pg_backend_pid()) -- not this look itself
        FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
        GROUP BY application_name ORDER BY application_name
        """;

    private const string MigrationsSql = """
        -- name: ReadAppliedMigrations
        SELECT number, name, applied_at FROM schema_migrations ORDER BY number
        """;

    public async Task<DatabaseReport> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var lanes = await ListAsync(connection, LanesSql, row => new DatabaseLane(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), cancellationToken);
        var migrations = await ListAsync(connection, MigrationsSql, row => new AppliedMigration(
            string.Create(CultureInfo.InvariantCulture, $"{row.GetInt32(0):0000}_{row.GetString(1)}"), row.GetFieldValue<DateTimeOffset>(2)), cancellationToken);
        var owners = await DatabaseOwnership.ListHoldersAsync(connection, cancellationToken);
        return (await ListAsync(connection, FactsSql, row => new DatabaseReport(
            row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3), row.GetInt32(4), row.GetInt64(5), lanes, migrations, owners), cancellationToken)).Single();
    }

    private static async Task<List<T>> ListAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
