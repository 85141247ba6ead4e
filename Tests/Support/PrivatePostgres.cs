using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// A PostgreSQL server of one's own, to be stopped, killed and started again under the feet of what is tested; port, password and data stay the same.
/// Its database <c>bulk</c> is empty. It ends with the test process, however that ends.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("bulk-postgres-").FullName;
    private Process? _script;
    private int _server;

    private PrivatePostgres() { }

    /// <summary>As the service gets it: a role that owns the database, and is not a superuser.</summary>
    public string ConnectionString { get; private set; } = "";

    public static async Task<PrivatePostgres> StartNewAsync()
    {
        var postgres = new PrivatePostgres();
        if (!OperatingSystem.IsWindows())
        {
            // The server runs as another user where the tests run as root.
            File.SetUnixFileMode(postgres._folder, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        try
        {
            await postgres.StartAsync();
            return postgres;
        }
        catch
        {
            await postgres.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task StartAsync()
    {
        if (_script is not null)
        {
            throw new InvalidOperationException("It runs already.");
        }

        var start = new ProcessStartInfo("bash") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Repository.PathOf("scripts", "lib", "postgres.sh"));
        start.ArgumentList.Add("run");
        start.ArgumentList.Add(_folder);
        _script = Process.Start(start)!;

        var said = new StringBuilder();
        _script.ErrorDataReceived += (_, line) => said.AppendLine(line.Data);
        _script.BeginErrorReadLine();
        while (await _script.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            if (line.Split(' ', 3) is ["ready", var pid, var connection])
            {
                (_server, ConnectionString) = (int.Parse(pid, CultureInfo.InvariantCulture), connection);
                return;
            }

            said.AppendLine(line);
        }

        throw new InvalidOperationException($"A private PostgreSQL did not start: {said}");
    }

    /// <summary>Ends its sessions and stops in order, as for a restart.</summary>
    public async Task StopAsync()
    {
        if (_script is { } script)
        {
            script.StandardInput.Close();
            await EndAsync(script);
        }
    }

    /// <summary>kill -9: nothing is put in order; the next start recovers.</summary>
    public async Task KillAsync()
    {
        if (_script is { } script)
        {
            using (var server = Process.GetProcessById(_server))
            {
                server.Kill();
            }

            await EndAsync(script);
        }
    }

    /// <summary>Stops it, leaves it away for a while, and starts it.</summary>
    public async Task RestartAsync(TimeSpan away = default)
    {
        await StopAsync();
        await Task.Delay(away);
        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EndAsync(Process script)
    {
        await script.WaitForExitAsync().WaitAsync(Patience);
        script.Dispose();
        _script = null;
    }
}
