using System.Globalization;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace OrleansBulk.Storage;

/// <param name="ConnectionString"><c>ConnectionStrings:Bulk</c>, as for psql, without pool settings.</param>
/// <param name="Wait"><c>Database:Wait</c>: how long a start waits for a database that is away, as hh:mm:ss; default one minute, from nothing to a day.</param>
public sealed record DatabaseSettings(string ConnectionString, TimeSpan Wait)
{
    private const string Example = "Host=localhost;Database=bulk;Username=bulk;Password=…";

    /// <exception cref="SiloStartException">A setting is missing or cannot be read; names it.</exception>
    public static DatabaseSettings FromConfiguration(IConfiguration configuration)
    {
        var text = configuration.GetConnectionString("Bulk");
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new SiloStartException($"ConnectionStrings:Bulk is not set. Set the environment variable ConnectionStrings__Bulk to a connection string such as '{Example}', or start scripts/run.sh, which brings a PostgreSQL of its own.");
        }

        return new DatabaseSettings(Checked(text), ReadWait(configuration["Database:Wait"]));
    }

    private static string Checked(string text)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception error) when (error is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The text itself is not shown: it holds a password.
            throw new SiloStartException($"ConnectionStrings:Bulk (environment variable ConnectionStrings__Bulk) cannot be read: {error.Message} Wanted is a text such as '{Example}'.", error);
        }

        return string.IsNullOrEmpty(settings.Host)
            ? throw new SiloStartException($"ConnectionStrings:Bulk (environment variable ConnectionStrings__Bulk) names no Host. Wanted is a text such as '{Example}'.")
            : text;
    }

    private static TimeSpan ReadWait(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Migrator.DefaultWait;
        }

        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var wait) && wait >= TimeSpan.Zero && wait <= TimeSpan.FromDays(1)
            ? wait
            : throw new SiloStartException($"Database:Wait is '{text}'; wanted is a time from 00:00:00 to a day, as 00:01:00 for a minute.");
    }
}
