using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>Another queue doing the same work, in a Node process: a script of <c>Benchmarks/peers</c>, which it installs with npm when that was not done yet.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ChildProcess _process;

    private Peer(ChildProcess process) => _process = process;

    private static string Folder => Path.Combine(Checkout.Root, "Benchmarks", "peers");

    /// <summary>Installs the peers' packages. Answers why that is not possible, or null.</summary>
    public static async Task<string?> InstallAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules")))
        {
            return null;
        }

        try
        {
            using var npm = Process.Start(new ProcessStartInfo("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"]) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = npm.StandardError.ReadToEndAsync();
            await npm.StandardOutput.ReadToEndAsync();
            await npm.WaitForExitAsync().WaitAsync(Patience);
            return npm.ExitCode == 0 ? null : $"npm install failed: {(await said).ReplaceLineEndings(" ")}";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "npm is not installed";
        }
    }

    public static async Task<Peer> StartAsync(string script, string connectionString, Uri upstream, int concurrency, int? redisPort)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo("node", [Path.Combine(Folder, script)]) { WorkingDirectory = Folder };
        start.Environment["DATABASE_URL"] = $"postgres://{Uri.EscapeDataString(database.Username!)}:{Uri.EscapeDataString(database.Password!)}@{database.Host}:{database.Port}/{database.Database}";
        start.Environment["SIMULATOR_URL"] = upstream.ToString();
        start.Environment["CONCURRENCY"] = concurrency.ToString(CultureInfo.InvariantCulture);
        start.Environment["REDIS_PORT"] = redisPort?.ToString(CultureInfo.InvariantCulture);
        start.Environment["NODE_ENV"] = "production";
        var peer = new Peer(new ChildProcess(start, readsOutput: true));
        await peer.HearAsync("ready");
        return peer;
    }

    /// <summary>Has it do so many items and answers how long it took, from the first item queued to the last one done.</summary>
    public async Task<TimeSpan> RunAsync(string prefix, int items)
    {
        await _process.Input.WriteLineAsync($"{prefix} {items}");
        await _process.Input.FlushAsync();
        return TimeSpan.FromSeconds(double.Parse((await HearAsync("done")).Split(' ')[1], CultureInfo.InvariantCulture));
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<string> HearAsync(string word)
    {
        while (await _process.Output.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            if (line.StartsWith(word, StringComparison.Ordinal))
            {
                return line;
            }
        }

        await Task.Delay(200); // what it says at its end comes on another pipe
        throw new InvalidOperationException($"The peer ended by itself: {_process.Said}");
    }
}
