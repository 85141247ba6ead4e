using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>A Redis of a benchmark's own on the loopback, which writes its log to disk once a second.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bulk-redis-").FullName;
    private readonly ChildProcess _process;

    private RedisProcess(string program)
    {
        _process = new ChildProcess(new ProcessStartInfo(program,
            ["--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--dir", _folder]));
    }

    public int Port { get; } = ChildProcess.FreePort();

    public static async Task<RedisProcess> StartAsync(string program)
    {
        var redis = new RedisProcess(program);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", redis.Port);
                return redis;
            }
            catch (SocketException) when (!redis._process.HasExited && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20))
            {
                await Task.Delay(50);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
