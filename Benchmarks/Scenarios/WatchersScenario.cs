using System.Globalization;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Looking must not slow the work: the same job with nobody and with a thousand watching, in turns.</summary>
internal sealed class WatchersScenario : IScenario
{
    private const double MostSlower = 0.05;

    public string Name => "watchers";

    public string Summary => "1,000 SSE watchers on one job of 5,000 × 50 ms: less than 5 % slower than unwatched.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (items, watchers, warmUp, rounds) = bench.Short ? (500, 50, 200, 1) : (5000, 1000, 1000, 5);
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync(SimulatorProcess.FiftyMilliseconds);
        await using var service = await ServiceProcess.StartAsync(database, simulator, CallsScenario.WithoutLimits);
        using var crowd = new Watchers(service);
        await database.RegisterAsync("github", "warm", warmUp);
        var events = 0L;
        await RunAsync("warm", watchers);

        var (alone, watched) = (new Timed("0"), new Timed(watchers.ToString("N0", CultureInfo.InvariantCulture)));
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (timed, watchedBy) in new[] { (alone, 0), (watched, watchers) })
            {
                var owner = $"watched-by-{watchedBy}-{round}-";
                await database.RegisterAsync("github", owner, items);
                await timed.RunAsync(database, () => RunAsync(owner, watchedBy));
            }
        }

        var (without, with) = (alone.Seconds, watched.Seconds);
        var slower = (with / without) - 1;
        return new ScenarioResult
        {
            Columns = ["watchers", "seconds (median)", "best", "all rounds", "events a watcher", "ms of processor in all", "other programs"],
            Rows = [Row(alone, "-"), Row(watched, $"{events / (double)(rounds + 1) / watchers:0.0}")],
            Promises = [new Promise($"watchers: {watchers:N0} on one job, slower by", "< 5 %", $"{(slower * 100).ToString("0.0", CultureInfo.InvariantCulture)} %", slower < MostSlower)],
            Figures = new Dictionary<string, double> { ["secondsAlone"] = without, ["secondsWatched"] = with, ["slower"] = slower, ["watchers"] = watchers, ["events"] = events, ["shareOfOtherPrograms"] = watched.Others },
            Notes =
            [
                "The job is stored paused, everybody connects, then it is resumed: from the resume until its row says completed. Unwatched the same way.",
                "All watchers are one process, which shares the cores with the service, the simulator and the database. Each of them got the event 'done', or the run fails.",
                "Processor in all: everything that took part, from before they connect until the last one has got its last event.",
            ],
        };

        async Task<TimeSpan> RunAsync(string owner, int watchedBy)
        {
            var id = await database.StorePausedRefreshAsync(owner);
            var watching = await crowd.WatchAsync(id, watchedBy);
            var took = await Timed.ClockAsync(async () =>
            {
                await service.CommandAsync(id, "resume");
                await service.WhenDoneAsync(id);
            });
            events += await watching;
            return took;
        }
    }

    private static string[] Row(Timed timed, string events) =>
        [timed.Name, Number(timed.Seconds), Number(timed.Best), string.Join(", ", timed.All.Select(Number)), events, (timed.Ours * 1000).ToString("N0", CultureInfo.InvariantCulture), (timed.Others * 100).ToString("0", CultureInfo.InvariantCulture) + " %"];

    private static string Number(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
}
