using System.Diagnostics;
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
        await RunAsync("warm", watchers);

        List<double> alone = [], watched = [];
        var events = 0L;
        for (var round = 0; round < rounds; round++)
        {
            await database.RegisterAsync("github", $"alone{round}-", items);
            alone.Add((await RunAsync($"alone{round}-", 0)).Seconds);
            await database.RegisterAsync("github", $"watched{round}-", items);
            var run = await RunAsync($"watched{round}-", watchers);
            watched.Add(run.Seconds);
            events += run.Events;
        }

        var (without, with) = (Median.Of(alone), Median.Of(watched));
        var slower = (with / without) - 1;
        return new ScenarioResult
        {
            Columns = ["watchers", "seconds (median)", "all rounds", "events a watcher"],
            Rows =
            [
                ["0", Number(without), string.Join(", ", alone.Select(Number)), "-"],
                [$"{watchers:N0}", Number(with), string.Join(", ", watched.Select(Number)), $"{events / (double)rounds / watchers:0.0}"],
            ],
            Promises = [new Promise($"watchers: {watchers:N0} on one job, slower by", "< 5 %", $"{(slower * 100).ToString("0.0", CultureInfo.InvariantCulture)} %", slower < MostSlower)],
            Figures = new Dictionary<string, double> { ["secondsAlone"] = without, ["secondsWatched"] = with, ["slower"] = slower, ["watchers"] = watchers, ["events"] = events },
            Notes =
            [
                "The job is stored paused, everybody connects, then it is resumed: from the resume until its row says completed. Unwatched the same way.",
                "All watchers are one process, which shares the cores with the service, the simulator and the database. Each of them got the event 'done', or the run fails.",
            ],
        };

        async Task<(double Seconds, long Events)> RunAsync(string owner, int watchedBy)
        {
            var id = await database.StorePausedRefreshAsync(owner);
            var watching = await crowd.WatchAsync(id, watchedBy);
            var started = Stopwatch.GetTimestamp();
            await service.CommandAsync(id, "resume");
            await service.WhenDoneAsync(id);
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            return (seconds, await watching);
        }
    }

    private static string Number(double seconds) => seconds.ToString("0.000", CultureInfo.InvariantCulture);
}
