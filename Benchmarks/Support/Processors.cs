using System.Diagnostics;
using System.Globalization;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>
/// Who used the processors since when: this process, PostgreSQL, programs started by the benchmark, and everybody else, whose share tells how far a wall time can be trusted.
/// From /proc, which counts in hundredths of a second; all zero where there is none.
/// </summary>
internal sealed class Processors
{
    private const double TicksPerSecond = 100;

    private readonly int _postmaster;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Usage _before;

    private Processors(int postmaster)
    {
        _postmaster = postmaster;
        _before = Read();
    }

    public static async Task<Processors> WatchAsync(BenchDatabase database) =>
        new(await database.QueryAsync<int>("SELECT pg_backend_pid()") is var backend && Stat(backend) is { } stat ? stat.Parent : 0);

    /// <summary>What was used since the beginning.</summary>
    public ProcessorShares Shares()
    {
        var now = Read();
        var (self, postgres, children) = (now.Self - _before.Self, now.Postgres - _before.Postgres, now.Children - _before.Children);
        var seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds * Environment.ProcessorCount;
        return new ProcessorShares(self, postgres, children, Math.Clamp((now.All - _before.All - self - postgres - children) / seconds, 0, 1));
    }

    private Usage Read()
    {
        double self = 0, postgres = 0, children = 0;
        foreach (var folder in Directory.Exists("/proc") ? Directory.EnumerateDirectories("/proc") : [])
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) || Stat(pid) is not { } stat)
            {
                continue;
            }

            if (pid == Environment.ProcessId)
            {
                self += stat.Own;
            }
            else if (pid == _postmaster)
            {
                postgres += stat.Own + stat.Reaped;
            }
            else if (stat.Parent == _postmaster)
            {
                postgres += stat.Own;
            }
            else if (stat.Parent == Environment.ProcessId)
            {
                children += stat.Own;
            }
        }

        return new Usage(self, postgres, children, All());
    }

    private static double All()
    {
        try
        {
            // user nice system idle iowait irq softirq steal
            var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(field => double.Parse(field, CultureInfo.InvariantCulture)).ToArray();
            return (fields.Sum() - fields[3] - fields[4]) / TicksPerSecond;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Seconds that a process has used, and those that its children had used when they ended.</summary>
    private static (int Parent, double Own, double Reaped)? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' '); // the name before it may hold anything
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), Seconds(11) + Seconds(12), Seconds(13) + Seconds(14));

            double Seconds(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture) / TicksPerSecond;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended, or there is no /proc
        }
    }

    private readonly record struct Usage(double Self, double Postgres, double Children, double All);
}

/// <param name="Self">Seconds of processor that this process used.</param>
/// <param name="Postgres">Seconds that PostgreSQL used.</param>
/// <param name="Children">Seconds that programs used which the benchmark started: service, simulator, peers.</param>
/// <param name="Others">The share of all processors that other programs took, 0 to 1.</param>
internal readonly record struct ProcessorShares(double Self, double Postgres, double Children, double Others);
