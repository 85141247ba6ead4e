using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace OrleansBulk.Storage;

/// <summary>
/// Brings the schema up to this program: applies the numbered SQL files that <c>schema_migrations</c> does not know yet, each in a transaction of its own.
/// An advisory lock lets one process at a time do so, so any number may start at once. Nothing is skipped in silence: a file that changed after it was
/// applied, one that comes too late, and a database that is ahead of the program stop the start.
/// </summary>
public sealed partial class Migrator(IReadOnlyList<Migration> migrations, bool cluster, TimeProvider time, ILogger<Migrator> log)
{
    /// <summary>How long a start waits for a database that is away. Long enough for a PostgreSQL that starts beside it and recovers first.</summary>
    public static readonly TimeSpan DefaultWait = TimeSpan.FromMinutes(1);

    private const long LockKey = 0x4F42_4D49_4752_4154; // "OBMIGRAT"
    private static readonly Version Oldest = new(15, 0);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LogEvery = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<Migration> _migrations = Migration.InOrder(migrations);

    /// <summary>Waits for the database and brings its schema up to date.</summary>
    /// <param name="wait">How long to wait while the database is away.</param>
    /// <returns>The files that were applied.</returns>
    /// <exception cref="SiloStartException">The database cannot be used; says why and what to do.</exception>
    public async Task<IReadOnlyList<Migration>> RunAsync(string connectionString, TimeSpan wait, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = "bulk-migrations", Pooling = false, Timeout = 10, CommandTimeout = 0, KeepAlive = 30 };
        var started = time.GetTimestamp();
        TimeSpan? logged = null;
        while (true)
        {
            try
            {
                return await RunOnceAsync(settings.ConnectionString, cancellationToken);
            }
            catch (Exception error) when (Database.IsAway(error))
            {
                var waited = time.GetElapsedTime(started);
                if (waited >= wait)
                {
                    throw new SiloStartException($"The database at {Place(settings)} cannot be reached since {Seconds(waited)}: {error.Message} Start it, or correct the connection string.", error);
                }

                if (logged is null || waited - logged >= LogEvery)
                {
                    LogWaiting(Place(settings), error.Message, Seconds(wait - waited));
                    logged = waited;
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
            catch (PostgresException error)
            {
                throw new SiloStartException(Explain(error, settings), error);
            }
        }
    }

    private async Task<IReadOnlyList<Migration>> RunOnceAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellationToken);
        if (connection.PostgreSqlVersion < Oldest)
        {
            throw new SiloStartException($"The database is PostgreSQL {connection.PostgreSqlVersion}; wanted is {Oldest.Major} or later. Upgrade it, or point the connection string to another one.");
        }

        await LockAsync(connection, cancellationToken);
        if (!await HasTableAsync(connection, cancellationToken))
        {
            await CreateTableAsync(connection, cancellationToken);
        }

        var pending = Pending(await ReadAppliedAsync(connection, cancellationToken));
        foreach (var migration in pending)
        {
            await ApplyAsync(connection, migration, cancellationToken);
        }

        return pending;
        // The lock goes with the connection.
    }

    private async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var told = false;
        while (!await TryLockAsync(connection, cancellationToken))
        {
            if (!told)
            {
                LogLocked();
                told = true;
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private List<Migration> Pending(IReadOnlyList<Applied> applied)
    {
        var known = _migrations.ToDictionary(migration => migration.Number);
        foreach (var row in applied)
        {
            if (!known.TryGetValue(row.Number, out var migration))
            {
                throw new SiloStartException($"The database is newer than this program: it has migration {row.Number:0000}_{row.Name}.sql (applied {row.At:u}), which this program does not know. Start a program as new as the database.");
            }

            if (migration.Sha256 != row.Sha256)
            {
                throw new SiloStartException($"{migration} was changed after it was applied (at {row.At:u} with SHA-256 {row.Sha256[..12]}…, now {migration.Sha256[..12]}…). Put the file back as it was and make the change in a new file with the next number.");
            }
        }

        var done = applied.Select(row => row.Number).ToHashSet();
        var pending = _migrations.Where(migration => !done.Contains(migration.Number) && (cluster || !migration.ClusterOnly)).ToList();
        foreach (var migration in pending)
        {
            if (_migrations.LastOrDefault(other => other.ClusterOnly == migration.ClusterOnly && done.Contains(other.Number)) is { } last && last.Number > migration.Number)
            {
                throw new SiloStartException($"{migration} comes too late: {last} is applied already. Give it a number after that one.");
            }
        }

        return pending;
    }

    private async Task ApplyAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await using var command = new NpgsqlCommand(migration.Sql, connection, transaction);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException error) when (!Database.IsAway(error))
        {
            throw new SiloStartException(
                $"{migration} failed and was rolled back: {error.MessageText} ({error.SqlState}).{(error.Hint is { } hint ? $" {hint}" : "")}"
                + (error.SqlState == PostgresErrorCodes.InsufficientPrivilege ? $" Make the user of the connection string the owner of the database, or GRANT CREATE ON SCHEMA public to it." : ""), error);
        }

        await RecordAsync(transaction, migration, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        var took = time.GetElapsedTime(started).TotalMilliseconds;
        LogApplied(migration, took);
    }

    private sealed record Applied(int Number, string Name, string Sha256, DateTime At);

    private const string TryLockSql = """
        -- name: TryLockMigrations
        SELECT pg_try_advisory_lock($1)
        """;

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(TryLockSql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = LockKey } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string HasTableSql = """
        -- name: HasSchemaMigrations
        SELECT to_regclass('schema_migrations') IS NOT NULL
        """;

    /// <summary>CREATE … IF NOT EXISTS wants the right to create even where there is nothing to create; a user may be without it once a DBA has migrated.</summary>
    private static async Task<bool> HasTableAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(HasTableSql, connection);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string CreateTableSql = """
        -- name: CreateSchemaMigrations
        CREATE TABLE schema_migrations (
            number     integer     PRIMARY KEY,
            name       text        NOT NULL,
            sha256     text        NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """;

    private static async Task CreateTableAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CreateTableSql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string ReadAppliedSql = """
        -- name: ReadSchemaMigrations
        SELECT number, name, sha256, applied_at FROM schema_migrations ORDER BY number
        """;

    private static async Task<IReadOnlyList<Applied>> ReadAppliedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var applied = new List<Applied>();
        await using var command = new NpgsqlCommand(ReadAppliedSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            applied.Add(new Applied(reader.GetInt32(0), reader.GetString(1), reader.GetString(2), reader.GetDateTime(3)));
        }

        return applied;
    }

    private const string RecordSql = """
        -- name: RecordSchemaMigration
        INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)
        """;

    private static async Task RecordAsync(NpgsqlTransaction transaction, Migration migration, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(RecordSql, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = migration.Number, NpgsqlDbType = NpgsqlDbType.Integer },
                new() { Value = migration.Name, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = migration.Sha256, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Explain(PostgresException error, NpgsqlConnectionStringBuilder settings) => error.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            $"The database at {Place(settings)} refuses user '{settings.Username}': {error.MessageText}. Correct the user or the password in the connection string.",
        PostgresErrorCodes.InvalidCatalogName =>
            $"There is no database '{settings.Database}' at {settings.Host}:{settings.Port}. Create it (createdb {settings.Database}), or correct the connection string.",
        PostgresErrorCodes.InsufficientPrivilege =>
            $"User '{settings.Username}' may not do what a start needs: {error.MessageText}. Make it the owner of database '{settings.Database}', or GRANT CREATE ON SCHEMA public to it.",
        _ => $"The database at {Place(settings)} refused a statement at start: {error.MessageText} ({error.SqlState}).",
    };

    private static string Place(NpgsqlConnectionStringBuilder settings) => $"{settings.Host}:{settings.Port}/{settings.Database}";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waiting for the database at {Place}: {Reason} Giving up in {Left}.")]
    private partial void LogWaiting(string place, string reason, string left);

    [LoggerMessage(Level = LogLevel.Information, Message = "Another process is migrating the database; waiting for it.")]
    private partial void LogLocked();

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied {Migration} in {Milliseconds:0} ms.")]
    private partial void LogApplied(Migration migration, double milliseconds);
}
