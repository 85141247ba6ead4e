using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansBulk.Hosting;
using OrleansBulk.Storage;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// A migrated database of one's own, gone at the end: <c>IClassFixture&lt;PostgresDatabase&gt;</c>, or <see cref="CreateAsync"/> inside a test.
/// It is a copy of a template that is migrated once per server, so it costs some tens of milliseconds.
/// </summary>
public sealed class PostgresDatabase : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>Names the server on which databases are made; its user must be allowed to do so.</summary>
    public const string Variable = "ConnectionStrings__BulkTest";

    private static readonly Lazy<Task<string>> Template = new(() => MakeTemplateAsync(), LazyThreadSafetyMode.ExecutionAndPublication);
    private Database? _database;

    public string Name { get; } = $"bulk_test_{Guid.NewGuid():N}";

    public string ConnectionString => For(Name);

    /// <summary>The two lanes, as a silo has them.</summary>
    public Database Database => _database ??= new Database(ConnectionString);

    public static async Task<PostgresDatabase> CreateAsync()
    {
        var database = new PostgresDatabase();
        await database.InitializeAsync();
        return database;
    }

    /// <summary>A database with nothing in it, for tests of the migrations themselves.</summary>
    public static async Task<PostgresDatabase> CreateEmptyAsync()
    {
        var database = new PostgresDatabase();
        await ExecuteOnServerAsync($"CREATE DATABASE {database.Name}");
        return database;
    }

    // Copied as files: half the time of a copy through the log, which is the default.
    public async Task InitializeAsync() => await ExecuteOnServerAsync($"CREATE DATABASE {Name} TEMPLATE {await Template.Value} STRATEGY = FILE_COPY");

    public async Task DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        await ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());

    /// <summary>A connection outside of any pool: what it holds goes with it.</summary>
    public Task<NpgsqlConnection> OpenAsync() => OpenAsync(ConnectionString);

    /// <summary>Runs statements on a connection of their own.</summary>
    public async Task ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first value of the first row.</summary>
    public async Task<T> QueryAsync<T>(string sql, params object?[] parameters)
    {
        await using var connection = await OpenAsync();
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteScalarAsync() is T value ? value : throw new InvalidOperationException($"The query gave no {typeof(T).Name}: {sql}");
    }

    /// <summary>Waits until a query gives true.</summary>
    /// <param name="what">What is waited for, for the message when it does not come within a minute.</param>
    public async Task WaitUntilAsync(string what, string sql, params object?[] parameters)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await QueryAsync<bool>(sql, parameters))
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(1))
            {
                throw new TimeoutException($"Waited a minute in vain until {what}: {sql}");
            }

            await Task.Delay(20);
        }
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter ?? DBNull.Value });
        }

        return command;
    }

    private static string ServerConnectionString => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value
        ? value
        : throw new InvalidOperationException(
            $"{Variable} is not set, and this test needs PostgreSQL. Run scripts/test.sh, which brings one of its own (arguments go on to dotnet test), or set it to a server where the user may create databases.");

    private static string For(string database) => new NpgsqlConnectionStringBuilder(ServerConnectionString) { Database = database }.ConnectionString;

    private static async Task<NpgsqlConnection> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task ExecuteOnServerAsync(string sql)
    {
        await using var connection = await OpenAsync(For("postgres"));
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> MakeTemplateAsync()
    {
        var migrations = Migration.Embedded();
        var content = string.Join('\n', migrations.Select(migration => migration.Sha256).Prepend(SiloHosting.FormsCluster.ToString(CultureInfo.InvariantCulture)));
        var name = $"bulk_template_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..16]}";

        // Several runs may share a server: one makes the template, under a name that is not taken for finished until it is.
        await using var server = await OpenAsync(For("postgres"));
        await using (var locking = new NpgsqlCommand("SELECT pg_advisory_lock(hashtextextended($1, 0))", server) { CommandTimeout = 120, Parameters = { new() { Value = name } } })
        {
            await locking.ExecuteNonQueryAsync();
        }

        await using var find = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", server) { Parameters = { new() { Value = name } } };
        if ((bool)(await find.ExecuteScalarAsync())!)
        {
            return name;
        }

        var making = name + "_making";
        await ExecuteOnServerAsync($"DROP DATABASE IF EXISTS {making} WITH (FORCE)");
        await ExecuteOnServerAsync($"CREATE DATABASE {making}");
        await new Migrator(migrations, SiloHosting.FormsCluster, TimeProvider.System, NullLogger<Migrator>.Instance).RunAsync(For(making), TimeSpan.Zero, CancellationToken.None);
        await ExecuteOnServerAsync($"ALTER DATABASE {making} RENAME TO {name}");
        return name;
    }
}
