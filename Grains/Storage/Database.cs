using System.Net.Sockets;
using Npgsql;

namespace OrleansBulk.Storage;

/// <summary>
/// The one database, in two lanes: <see cref="Interactive"/> for people who wait, <see cref="Bulk"/> for jobs. The bulk lane is small, so that
/// background work cannot take the connections of user requests. Together they hold fewer than ten connections per silo.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    public const int InteractiveConnections = 5;
    public const int BulkConnections = 4;

    /// <param name="connectionString">As for psql, without pool settings: those follow from the lanes.</param>
    public Database(string connectionString, ILoggerFactory? loggers = null)
    {
        Interactive = Lane(connectionString, "bulk-interactive", InteractiveConnections, TimeSpan.FromSeconds(15), loggers);
        Bulk = Lane(connectionString, "bulk-jobs", BulkConnections, TimeSpan.FromMinutes(2), loggers);
    }

    public NpgsqlDataSource Interactive { get; }

    public NpgsqlDataSource Bulk { get; }

    /// <summary>
    /// Whether the error means that the database is away (starting, stopping, unreachable, out of connections) rather than that the statement is wrong:
    /// the same statement may go well later.
    /// </summary>
    public static bool IsAway(Exception error) => error switch
    {
        PostgresException { IsTransient: true } => true,
        PostgresException { SqlState: "57P01" or "57P02" or "57P03" or "25006" } => true,
        PostgresException => false,
        NpgsqlException => true, // broken or refused connections, time-outs, an exhausted pool
        SocketException or TimeoutException or IOException => true,
        _ => error.InnerException is { } inner && IsAway(inner),
    };

    public async ValueTask DisposeAsync()
    {
        await Interactive.DisposeAsync();
        await Bulk.DisposeAsync();
    }

    private static NpgsqlDataSource Lane(string connectionString, string name, int connections, TimeSpan timeout, ILoggerFactory? loggers)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = name,
            MaxPoolSize = connections,
            MinPoolSize = 0,
            Timeout = 10,
            CommandTimeout = (int)timeout.TotalSeconds,
            CancellationTimeout = 2000,
            ConnectionIdleLifetime = 60,
            KeepAlive = 30,
            NoResetOnClose = true, // nothing here changes a session, so the next user needs no clean one
            MaxAutoPrepare = 40,
            AutoPrepareMinUsages = 3,
        };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }; // in metrics; else they show the connection string
        if (loggers is not null)
        {
            builder.UseLoggerFactory(loggers);
        }

        return builder.Build();
    }
}
