using System.Globalization;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace OrleansBulk.Storage;

/// <summary>
/// Keeps two runtimes off one database. The embedded runtime is one process and takes whatever ran before it for dead, so it holds an advisory lock alone;
/// the silos of a cluster hold it together. The lock lives in a session: it ends with the process, also by kill -9. It is one of the connections of the
/// interactive lane. When its connection breaks it is taken anew, and when somebody else has it by then, this process stops.
/// </summary>
internal sealed partial class DatabaseOwnership(
    Database database, SiloIdentity silo, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<DatabaseOwnership> log) : IHostedService, IAsyncDisposable
{
    private const long LockKey = 0x4F42_4F57_4E45_5253; // "OBOWNERS"

    /// <summary>A predecessor that was killed a moment ago still holds the lock until the server has seen its connection go.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2);
    private const int CheckTimeoutSeconds = 5;

    private readonly CancellationTokenSource _stop = new();
    private Session? _session; // written at start, then by the loop only
    private Task _keeping = Task.CompletedTask;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var attempt = await TryAcquireAsync(cancellationToken);
            if (attempt.Session is { } session)
            {
                _session = session;
                break;
            }

            if (time.GetElapsedTime(started) >= StartPatience)
            {
                throw new SiloStartException($"The database is in use by {attempt.Holder}. {(silo.OwnsCluster
                    ? "The embedded runtime is for one process: stop the other one, or give this one a database of its own, or run a cluster (GrainRuntime=Orleans)."
                    : "A cluster and an embedded process cannot share a database: stop that process, or give the cluster a database of its own.")}");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }

        _keeping = KeepAsync(_stop.Token);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_stop.IsCancellationRequested) // a host that is stopped twice at once may stop this after it was disposed
        {
            await _stop.CancelAsync();
        }

        await _keeping;
        if (Interlocked.Exchange(ref _session, null) is { } session)
        {
            await session.ReleaseAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _stop.Dispose();
    }

    private async Task KeepAsync(CancellationToken stop)
    {
        try
        {
            while (await HoldsAsync(stop) || await ReacquireAsync(stop))
            {
                await Task.Delay(CheckEvery, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> HoldsAsync(CancellationToken stop)
    {
        try
        {
            await _session!.CheckAsync(stop);
            return true;
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            LogLost(error.Message);
            return false;
        }
    }

    /// <returns>False when somebody else has the database now.</returns>
    private async Task<bool> ReacquireAsync(CancellationToken stop)
    {
        var previous = _session!;
        await previous.DropAsync();
        while (true)
        {
            try
            {
                var attempt = await TryAcquireAsync(stop);
                if (attempt.Session is { } session)
                {
                    _session = session;
                    LogRegained();
                    return true;
                }

                if (attempt.Holder!.Backend != previous.Backend)
                {
                    _session = null;
                    LogTaken(attempt.Holder);
                    lifetime.StopApplication();
                    return false;
                }

                // The server has not noticed yet that our former connection is broken.
                await TerminateAsync(previous.Backend.Pid, stop);
            }
            catch (Exception error) when (Database.IsAway(error))
            {
                LogStillAway(error.Message);
            }

            await Task.Delay(Pause, time, stop);
        }
    }

    private async Task<(Session? Session, Holder? Holder)> TryAcquireAsync(CancellationToken cancellationToken)
    {
        var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        try
        {
            var backend = await PrepareAsync(connection, cancellationToken);
            if (await TryLockAsync(connection, cancellationToken))
            {
                return (new Session(connection, backend), null);
            }

            var holder = await FindHolderAsync(connection, cancellationToken);
            await connection.DisposeAsync();
            return (null, holder ?? new Holder(default, "another process that has just let go of it"));
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>A session of the server: process ids are used again, start times are not.</summary>
    private readonly record struct Backend(int Pid, DateTime StartedAt);

    private sealed record Holder(Backend Backend, string Description)
    {
        public override string ToString() => Description;
    }

    private sealed class Session(NpgsqlConnection connection, Backend backend)
    {
        public Backend Backend => backend;

        private const string CheckSql = """
            -- name: CheckOwnership
            SELECT 1
            """;

        public async Task CheckAsync(CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand(CheckSql, connection) { CommandTimeout = CheckTimeoutSeconds };
            await command.ExecuteScalarAsync(cancellationToken);
        }

        private const string ReleaseSql = """
            -- name: ReleaseOwnership
            SELECT pg_advisory_unlock_all()
            """;

        public async Task ReleaseAsync()
        {
            try
            {
                // The pool would reset the session only when it is used again.
                await using var command = new NpgsqlCommand(ReleaseSql, connection) { CommandTimeout = CheckTimeoutSeconds };
                await command.ExecuteNonQueryAsync();
            }
            catch (Exception error) when (Database.IsAway(error))
            {
                // The lock is gone with the connection.
            }

            await DropAsync();
        }

        public ValueTask DropAsync() => connection.DisposeAsync();
    }

    // The server learns within some 10 s that a machine vanished; its own default is two hours. Without effect on Unix sockets.
    private const string PrepareSql = """
        -- name: PrepareOwnership
        SELECT pg_backend_pid(),
               (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
               set_config('application_name', $1, false),
               set_config('tcp_keepalives_idle', '4', false),
               set_config('tcp_keepalives_interval', '2', false),
               set_config('tcp_keepalives_count', '3', false)
        """;

    private async Task<Backend> PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(PrepareSql, connection)
        {
            CommandTimeout = CheckTimeoutSeconds,
            Parameters = { new NpgsqlParameter<string> { TypedValue = silo.Name } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new Backend(reader.GetInt32(0), reader.GetDateTime(1));
    }

    private const string TryLockSql = """
        -- name: TryLockOwnership
        SELECT CASE WHEN $2 THEN pg_try_advisory_lock($1) ELSE pg_try_advisory_lock_shared($1) END
        """;

    private async Task<bool> TryLockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(TryLockSql, connection)
        {
            CommandTimeout = CheckTimeoutSeconds,
            Parameters = { new NpgsqlParameter<long> { TypedValue = LockKey }, new NpgsqlParameter<bool> { TypedValue = silo.OwnsCluster } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private const string FindHolderSql = """
        -- name: FindOwner
        SELECT a.pid, a.backend_start, a.application_name, coalesce(host(a.client_addr), 'this machine')
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.classid = ($1 >> 32)::oid AND l.objid = ($1 & 4294967295)::oid
        ORDER BY a.backend_start LIMIT 1
        """;

    private static async Task<Holder?> FindHolderAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindHolderSql, connection)
        {
            CommandTimeout = CheckTimeoutSeconds,
            Parameters = { new NpgsqlParameter<long> { TypedValue = LockKey } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Holder(
                new Backend(reader.GetInt32(0), reader.GetDateTime(1)),
                string.Create(CultureInfo.InvariantCulture, $"another process, {reader.GetString(2)} (from {reader.GetString(3)}, since {reader.GetDateTime(1):u})"))
            : null;
    }

    private const string ListHoldersSql = """
        -- name: ListOwners
        SELECT a.application_name, l.mode = 'ExclusiveLock', a.backend_start
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND l.classid = ($1 >> 32)::oid AND l.objid = ($1 & 4294967295)::oid
        ORDER BY a.backend_start
        """;

    /// <summary>Everybody who holds the database now.</summary>
    internal static async Task<IReadOnlyList<DatabaseOwner>> ListHoldersAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ListHoldersSql, connection) { Parameters = { new NpgsqlParameter<long> { TypedValue = LockKey } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var holders = new List<DatabaseOwner>();
        while (await reader.ReadAsync(cancellationToken))
        {
            holders.Add(new DatabaseOwner(reader.GetString(0), reader.GetBoolean(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return holders;
    }

    private const string TerminateSql = """
        -- name: TerminateFormerOwner
        SELECT pg_terminate_backend($1)
        """;

    private async Task TerminateAsync(int pid, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(TerminateSql);
        command.CommandTimeout = CheckTimeoutSeconds;
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = pid });
        await command.ExecuteScalarAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection that holds the database for this process broke: {Reason} Taking it anew.")]
    private partial void LogLost(string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The database is still away: {Reason}")]
    private partial void LogStillAway(string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "The database is held for this process again.")]
    private partial void LogRegained();

    [LoggerMessage(Level = LogLevel.Critical, Message = "The database was taken over by {Holder} while the connection was broken. This process stops, since two cannot work on one database.")]
    private partial void LogTaken(Holder holder);
}
