using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>A migrated database of a scenario's own; dropped at its end.</summary>
internal sealed class BenchDatabase : IAsyncDisposable
{
    private readonly string _name;
    private readonly string? _server; // null: somebody else's, who drops it

    private BenchDatabase(string connectionString, string name, string? server)
    {
        (_name, _server, ConnectionString) = (name, server, connectionString);
        Source = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    /// <summary>The benchmark's own connections, beside those of what is measured.</summary>
    public NpgsqlDataSource Source { get; }

    public static async Task<BenchDatabase> CreateAsync(Bench bench)
    {
        var name = $"bench_{Guid.NewGuid():N}";
        await OnServerAsync(bench.ServerConnectionString, $"CREATE DATABASE {name}");
        var database = new BenchDatabase(new NpgsqlConnectionStringBuilder(bench.ServerConnectionString) { Database = name }.ConnectionString, name, bench.ServerConnectionString);
        var migrator = new Migrator(Migration.Embedded(), cluster: false, TimeProvider.System, NullLogger<Migrator>.Instance);
        await migrator.RunAsync(database.ConnectionString, TimeSpan.FromSeconds(10), CancellationToken.None);
        return database;
    }

    /// <summary>One that another process made.</summary>
    public static BenchDatabase Open(string connectionString) => new(connectionString, "", null);

    private const string RegisterSql = """
        INSERT INTO coding_profiles (id, platform, handle, handle_key, owner)
        SELECT ('01900000-0000-7' || substr(md5($2), 1, 3) || '-8000-' || lpad(to_hex(i), 12, '0'))::uuid, $1, $2 || i, lower($2 || i), $2
        FROM generate_series(0, $3 - 1) AS i
        """;

    /// <summary>Registers profiles <c>{prefix}0, {prefix}1, …</c> under the owner <c>{prefix}</c>, and leaves the table as a long quiet night would.</summary>
    public async Task RegisterAsync(string platform, string prefix, int count)
    {
        await using (var command = Source.CreateCommand(RegisterSql))
        {
            command.CommandTimeout = 600;
            command.Parameters.Add(new() { Value = platform });
            command.Parameters.Add(new() { Value = prefix });
            command.Parameters.Add(new() { Value = count });
            await command.ExecuteNonQueryAsync();
        }

        await SettleAsync();
    }

    /// <summary>Stores a refresh of an owner's profiles that waits to be resumed.</summary>
    public async Task<Guid> StorePausedRefreshAsync(string owner)
    {
        var id = Guid.CreateVersion7();
        return await QueryAsync<Guid>("""
            INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by)
            VALUES ($1, 'profile-refresh', json_build_object('filter', json_build_object('owner', $2::text), 'maxAgeSeconds', 300), 'paused', 'high-performance', 100, '', 'benchmark')
            RETURNING id
            """, id, owner);
    }

    /// <summary>Nothing that an earlier run left to do disturbs the next one.</summary>
    public async Task SettleAsync()
    {
        await ExecuteAsync("VACUUM ANALYZE");
        await ExecuteAsync("CHECKPOINT");
    }

    /// <summary>Applies the indexes that a DBA applies on their own.</summary>
    public async Task ApplyIndexesAsync()
    {
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(Checkout.Root, "scripts", "sql", "database_indexes.sql")))
        {
            if (line.StartsWith("CREATE", StringComparison.Ordinal))
            {
                await ExecuteAsync(line);
            }
        }
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> QueryAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        command.CommandTimeout = 600;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new() { Value = parameter });
        }

        return await command.ExecuteScalarAsync() is T value ? value : throw new InvalidOperationException($"The query gave no {typeof(T).Name}: {sql}");
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        if (_server is not null)
        {
            await OnServerAsync(_server, $"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
        }
    }

    private static async Task OnServerAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }
}
