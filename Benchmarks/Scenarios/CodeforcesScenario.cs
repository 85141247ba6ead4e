using System.Globalization;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Many profiles to a call is the only way through Codeforces' limit: one call every two seconds.</summary>
internal sealed class CodeforcesScenario : IScenario
{
    private const double MostSeconds = 12;

    public string Name => "codeforces";

    public string Summary => "5,000 Codeforces profiles at the real limit (1 call per 2 s, 300 ms each): at most 12 s.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var items = bench.Short ? 2000 : 5000;
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("""{"upstreams":{"codeforces":{"latency":{"meanMs":300,"spreadMs":0,"distribution":"fixed"}}}}""");
        await using var service = await ServiceProcess.StartAsync(database, simulator);
        await database.RegisterAsync("codeforces", "coder", items);
        var job = await service.RefreshAsync("coder");
        var journal = await simulator.JournalAsync("codeforces");
        var calls = journal.GetProperty("calls").GetInt64();
        var refused = journal.GetProperty("refused").GetProperty("total").GetInt64();
        if (job.Succeeded != items || calls != job.CallsMade || refused > 0)
        {
            throw new InvalidOperationException($"The job of {items} items has {job.Succeeded} succeeded, {job.CallsMade} calls by its own count, {calls} by the simulator's, {refused} of them refused: its time says nothing.");
        }

        var seconds = job.Observed.TotalSeconds;
        var oneByOne = items * 2.0;
        return new ScenarioResult
        {
            Columns = ["profiles", "seconds", "calls made", "calls avoided", "refused", "one by one, seconds"],
            Rows = [[items.ToString("N0", CultureInfo.InvariantCulture), seconds.ToString("0.00", CultureInfo.InvariantCulture), $"{job.CallsMade}", $"{job.CallsAvoided}", $"{refused}", oneByOne.ToString("N0", CultureInfo.InvariantCulture)]],
            Promises = [new Promise($"codeforces: {items:N0} profiles at 1 call per 2 s, seconds", $"≤ {MostSeconds:0}", seconds.ToString("0.00", CultureInfo.InvariantCulture), seconds <= MostSeconds)],
            Figures = new Dictionary<string, double> { ["items"] = items, ["seconds"] = seconds, ["callsMade"] = job.CallsMade, ["callsAvoided"] = job.CallsAvoided, ["mostInLimitWindow"] = journal.GetProperty("mostInLimitWindow").GetDouble() },
            Notes = ["From the POST until the job's row says completed; a service that has just started, nothing warmed up.", $"By the simulator's journal: at most {journal.GetProperty("mostInLimitWindow").GetInt64()} call in any 2 s."],
        };
    }
}
