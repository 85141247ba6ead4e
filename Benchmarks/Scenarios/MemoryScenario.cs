using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Memory must not grow with a job: the same silo, in a process of its own each time, with a small and a large one.</summary>
internal sealed class MemoryScenario : IScenario
{
    /// <summary>The hidden command of the process that is measured.</summary>
    public const string ChildCommand = "measure-memory";

    private const double MostMegabytes = 50;
    private const double Megabyte = 1 << 20;

    public string Name => "memory";

    public string Summary => "A job of 10,000 items and one of 1,000,000: managed heap and working set differ by less than 50 MB.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (small, large) = bench.Short ? (2_000, 40_000) : (10_000, 1_000_000);
        var (a, b) = (await MeasureAsync(bench, small), await MeasureAsync(bench, large));
        var (heap, workingSet) = (b.LiveHeap - a.LiveHeap, b.WorkingSet - a.WorkingSet);
        return new ScenarioResult
        {
            Columns = ["items", "live heap, MB", "managed heap as it was, MB", "working set, MB", "collected", "items/s"],
            Rows = [Row(small, a), Row(large, b)],
            Promises =
            [
                new Promise($"memory: live heap, {large:N0} against {small:N0} items, MB", $"< {MostMegabytes:0} more", Number(heap), heap < MostMegabytes),
                new Promise($"memory: working set, {large:N0} against {small:N0} items, MB", $"< {MostMegabytes:0} more", Number(workingSet), workingSet < MostMegabytes),
            ],
            Figures = new Dictionary<string, double>
            {
                ["small, live heap MB"] = a.LiveHeap, ["large, live heap MB"] = b.LiveHeap, ["small, working set MB"] = a.WorkingSet, ["large, working set MB"] = b.WorkingSet,
                ["small, managed heap MB"] = a.Heap, ["large, managed heap MB"] = b.Heap,
            },
            Notes =
            [
                "A process each, a first job of 30,000 other items before: code, pools and the grains that a silo keeps (20,000 at most) are there in both. Each figure is the highest of its samples while the job ran.",
                "Working set and heap as it was: every 50 ms, undisturbed. Live heap: in a second job of the same size, after a full collection every half a second (and one at its end).",
            ],
        };
    }

    /// <summary>In a process of its own: runs the jobs and writes the figures to the console.</summary>
    public static async Task MeasureHereAsync(int items, string connectionString)
    {
        await using var database = BenchDatabase.Open(connectionString);
        await using var silo = await InProcessSilo.StartAsync(database);
        await RunAsync("warm", static () => { }, TimeSpan.FromSeconds(1));
        double workingSet = 0, heap = 0, live = 0;
        using var self = Process.GetCurrentProcess();
        var started = Stopwatch.GetTimestamp();
        await RunAsync("plain", () =>
        {
            self.Refresh();
            workingSet = Math.Max(workingSet, self.WorkingSet64 / Megabyte);
            heap = Math.Max(heap, GC.GetTotalMemory(false) / Megabyte);
        }, TimeSpan.FromMilliseconds(50));
        var perSecond = items / Stopwatch.GetElapsedTime(started).TotalSeconds;
        var collected = 0;
        await RunAsync("collected", () =>
        {
            live = Math.Max(live, GC.GetTotalMemory(true) / Megabyte);
            collected++;
        }, TimeSpan.FromMilliseconds(500));
        Console.WriteLine(JsonSerializer.Serialize(new Measured(live, heap, workingSet, collected, perSecond)));

        async Task RunAsync(string owner, Action sample, TimeSpan every)
        {
            var id = await silo.StartJobAsync("profile-refresh", new { filter = new { owner } });
            var done = InProcessSilo.WhenDoneAsync(database, id);
            do
            {
                sample();
            }
            while (await Task.WhenAny(done, Task.Delay(every)) != done);
            await done;
            sample();
        }
    }

    private static async Task<Measured> MeasureAsync(Bench bench, int items)
    {
        await using var database = await BenchDatabase.CreateAsync(bench);
        await database.RegisterAsync(InstantPlatform.PlatformName, "warm", 30_000);
        await database.RegisterAsync(InstantPlatform.PlatformName, "plain", items);
        await database.RegisterAsync(InstantPlatform.PlatformName, "collected", items);
        await using var child = new ChildProcess(ChildProcess.Dotnet("OrleansBulk.Benchmarks.dll", ChildCommand, items.ToString(CultureInfo.InvariantCulture), database.ConnectionString), readsOutput: true);
        while (await child.Output.ReadLineAsync() is { } line)
        {
            if (line.StartsWith('{'))
            {
                return JsonSerializer.Deserialize<Measured>(line)!;
            }
        }

        throw new InvalidOperationException($"The measured process ended by itself: {child.Said}");
    }

    private static string[] Row(int items, Measured measured) =>
        [items.ToString("N0", CultureInfo.InvariantCulture), Number(measured.LiveHeap), Number(measured.Heap), Number(measured.WorkingSet), $"{measured.Collected} times", measured.PerSecond.ToString("N0", CultureInfo.InvariantCulture)];

    private static string Number(double megabytes) => megabytes.ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>In MB.</summary>
    private sealed record Measured(double LiveHeap, double Heap, double WorkingSet, int Collected, double PerSecond);
}
