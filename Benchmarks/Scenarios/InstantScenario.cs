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
            new(new Timed("profiles with history"), (_, owner) => silo.StartJobAsync("profile-refresh", new { filter = new { owner } })),
            new(new Timed("engine alone (items that need nothing)"), (count, _) => silo.StartJobAsync(NothingWorkload.WorkloadName, new { items = count })),
        };
        await database.RegisterAsync(InstantPlatform.PlatformName, "warm", warmUp);
        foreach (var way in ways)
        {
            await way.StartAndWaitAsync(database, warmUp, "warm");
        }

        for (var round = 0; round < rounds; round++)
        {
            var owner = $"round{round}-";
            await database.RegisterAsync(InstantPlatform.PlatformName, owner, items);
            foreach (var way in ways)
            {
                await way.Timed.RunAsync(database, () => way.StartAndWaitAsync(database, items, owner));
            }

            await CheckAsync(database, owner, items);
        }

        var profiles = items / ways[0].Timed.Seconds;
        return new ScenarioResult
        {
            Columns = ["what", "items", "seconds (median)", "items/s", "best", "µs of processor an item: service", "PostgreSQL", "other programs"],
            Rows = [.. ways.Select(way => Row(way.Timed, items))],
            Promises = [new Promise("instant: items/s with everything committed", $"≥ {LeastPerSecond:N0}", Number(profiles, "N0"), profiles >= LeastPerSecond)],
            Figures = ways.Select(way => way.Timed).SelectMany(timed => new KeyValuePair<string, double>[]
            {
                new($"{timed.Name}: items/s", items / timed.Seconds), new($"{timed.Name}: best, items/s", items / timed.Best), new($"{timed.Name}: service, µs an item", timed.Self / items * 1e6),
                new($"{timed.Name}: PostgreSQL, µs an item", timed.Postgres / items * 1e6), new($"{timed.Name}: share of other programs", timed.Others),
            }).ToDictionary(),
            Notes =
            [
                $"In this process, from the request until the job's row says completed: {rounds} times, {warmUp:N0} items before that do not count. PostgreSQL shares the cores.",
                "A profile is an ask of its own grain, an update of its row, a first row of its history, and its letter in the ledger.",
                "Other programs: the share of the processors that was taken by what has nothing to do with this.",
                .. ways.Select(way => $"{way.Timed.Name}, all rounds, items/s: {string.Join(", ", way.Timed.All.Select(seconds => Number(items / seconds, "N0")))}."),
            ],
        };
    }

    private static string[] Row(Timed timed, int items) =>
    [
        timed.Name, Number(items, "N0"), Number(timed.Seconds, "0.00"), Number(items / timed.Seconds, "N0"), Number(items / timed.Best, "N0"),
        Number(timed.Self / items * 1e6, "0.0"), Number(timed.Postgres / items * 1e6, "0.0"), $"{Number(timed.Others * 100, "0")} %",
    ];

    private static async Task CheckAsync(BenchDatabase database, string owner, int items)
    {
        var written = await database.QueryAsync<long>("SELECT count(*) FROM coding_profiles p JOIN coding_profile_history h ON h.profile_id = p.id WHERE p.owner = $1 AND p.state = 'found' AND h.rating = p.rating", owner);
        if (written != items)
        {
            throw new InvalidOperationException($"{written} profiles of {items} were written with their history: the time says nothing.");
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Way(Timed Timed, Func<int, string, Task<Guid>> Start)
    {
        public async Task<TimeSpan> StartAndWaitAsync(BenchDatabase database, int items, string owner)
        {
            var id = Guid.Empty;
            var took = await Support.Timed.ClockAsync(async () =>
            {
                id = await Start(items, owner);
                await InProcessSilo.WhenDoneAsync(database, id);
            });
            var settled = await database.QueryAsync<long>("SELECT coalesce(sum(length(replace(outcomes, '.', ''))), 0) FROM chunks WHERE job_id = $1", id);
            return settled == items ? took : throw new InvalidOperationException($"The job of {items} items has {settled} outcomes: its time says nothing.");
        }
    }
}
