using System.Diagnostics;
using Npgsql;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>PostgreSQL's own client, as somebody would use it who does the same work by hand.</summary>
internal static class Psql
{
    /// <summary>Runs a script; an error in it is an error here.</summary>
    public static async Task RunAsync(BenchDatabase database, string script)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1"]) { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true };
        (start.Environment["PGHOST"], start.Environment["PGPORT"], start.Environment["PGUSER"], start.Environment["PGPASSWORD"], start.Environment["PGDATABASE"]) =
            (settings.Host, settings.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), settings.Username, settings.Password, settings.Database);
        using var psql = Process.Start(start)!;
        await psql.StandardInput.WriteAsync(script);
        psql.StandardInput.Close();
        var said = await psql.StandardError.ReadToEndAsync();
        await psql.WaitForExitAsync();
        if (psql.ExitCode != 0)
        {
            throw new InvalidOperationException($"psql ended with {psql.ExitCode}: {said}");
        }
    }
}
