using System.Diagnostics;
using System.Globalization;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Upstreams that answer at once leave what the service itself costs; a workload without work leaves what its engine costs.</summary>
internal sealed class InstantScenario : IScenario
{
    private const double LeastPerSecond = 20_000;

    public string Name => "instant";

    public string Summary => "200,000 profiles from an upstream in this process that answers at once, all committed: at least 20,000 a second.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (items, warmUp, rounds) = bench.Short ? (20_000, 5_000, 1) : (200_000, 40_000, 3);
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var silo = await InProcessSilo.StartAsync(database);
        var ways = new Way[]
        {
            new("profiles with history", (_, owner) => silo.StartJobAsync("profile-refresh", new { filter = new { owner } })),
            new("engine alone (items that need nothing)", (count, _) => silo.StartJobAsync(NothingWorkload.WorkloadName, new { items = count })),
        };
        await database.RegisterAsync(InstantPlatform.PlatformName, "warm", warmUp);
        foreach (var way in ways)
        {
            await RunAsync(database, way, warmUp, "warm");
        }

        for (var round = 0; round < rounds; round++)
        {
            var owner = $"round{round}-";
            await database.RegisterAsync(InstantPlatform.PlatformName, owner, items);
            foreach (var way in ways)
            {
                way.Runs.Add(await RunAsync(database, way, items, owner));
            }

            await CheckAsync(database, owner, items);
        }

        var profiles = items / ways[0].Seconds;
        return new ScenarioResult
        {
            Columns = ["what", "items", "seconds (median)", "items/s", "service's processor, seconds"],
            Rows = [.. ways.Select(way => (string[])[way.Name, Number(items, "N0"), Number(way.Seconds, "0.00"), Number(items / way.Seconds, "N0"), Number(way.Processor, "0.00")])],
            Promises = [new Promise("instant: items/s with everything committed", $"≥ {LeastPerSecond:N0}", Number(profiles, "N0"), profiles >= LeastPerSecond)],
            Figures = ways.SelectMany(way => new KeyValuePair<string, double>[] { new($"{way.Name}, items/s", items / way.Seconds), new($"{way.Name}, processor seconds", way.Processor) }).ToDictionary(),
            Notes =
            [
                $"In this process, from the request until the job's row says completed: {rounds} times, {warmUp:N0} items before that do not count. PostgreSQL shares the cores.",
                "A profile is an ask of its own grain, an update of its row, a first row of its history, and its letter in the ledger.",
                .. ways.Select(way => $"{way.Name}, all rounds, items/s: {string.Join(", ", way.Runs.Select(run => Number(items / run.Seconds, "N0")))}."),
            ],
        };
    }

    private static async Task<(double Seconds, double Processor)> RunAsync(BenchDatabase database, Way way, int items, string owner)
    {
        await database.SettleAsync();
        using var self = Process.GetCurrentProcess();
        var processor = self.TotalProcessorTime;
        var started = Stopwatch.GetTimestamp();
        var id = await way.Start(items, owner);
        await InProcessSilo.WhenDoneAsync(database, id);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        self.Refresh();
        var succeeded = await database.QueryAsync<long>("SELECT coalesce(sum(length(replace(outcomes, '.', ''))), 0) FROM chunks WHERE job_id = $1", id);
        return succeeded == items
            ? (seconds, (self.TotalProcessorTime - processor).TotalSeconds)
            : throw new InvalidOperationException($"The job of {items} items has {succeeded} outcomes: its time says nothing.");
    }

    private static async Task CheckAsync(BenchDatabase database, string owner, int items)
    {
        var written = await database.QueryAsync<long>("SELECT count(*) FROM coding_profiles p JOIN coding_profile_history h ON h.profile_id = p.id WHERE p.owner = $1 AND p.state = 'found' AND h.rating = p.rating", owner);
        if (written != items)
        {
            throw new InvalidOperationException($"{written} profiles of {items} were written with their history: the time says nothing.");
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Way(string Name, Func<int, string, Task<Guid>> Start)
    {
        public List<(double Seconds, double Processor)> Runs { get; } = [];

        public double Seconds => Median.Of(Runs.Select(run => run.Seconds));

        public double Processor => Median.Of(Runs.Select(run => run.Processor));
    }
}
