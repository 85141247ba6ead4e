using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Handing out 14,400 usernames must not take longer because there are many.</summary>
internal sealed class DistributionScenario : IScenario
{
    private const int Count = 14_400;
    private const int Ingest = 500_000; // usernames came in ingests of so many: the oldest stand beside each other in every index
    private const double MostTimes = 1.2;
    private const double MostFindMilliseconds = 20;

    public string Name => "distribution";

    public string Summary => "14,400 usernames to 80 recipients: with 10 M usernames at most 1.2 × the time with 500,000; the unused found in 20 ms.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (few, many, rounds) = bench.Short ? (100_000, 400_000, 3) : (Ingest, 10_000_000, 9);
        await using var small = await BenchDatabase.CreateAsync(bench);
        await using var large = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var smallService = await ServiceProcess.StartAsync(small, simulator);
        await using var largeService = await ServiceProcess.StartAsync(large, simulator);
        await FillAsync(small, few);
        await FillAsync(large, many);
        var (fewTimed, manyTimed) = (new Timed($"{few:N0}"), new Timed($"{many:N0}"));
        await DistributeAsync(smallService, "warm");
        await DistributeAsync(largeService, "warm");
        for (var round = 0; round < rounds; round++)
        {
            var name = $"round {round}";
            await fewTimed.RunAsync(small, () => Timed.ClockAsync(() => DistributeAsync(smallService, name)));
            await manyTimed.RunAsync(large, () => Timed.ClockAsync(() => DistributeAsync(largeService, name)));
        }

        var (findFew, findMany) = (await FindAsync(small), await FindAsync(large));
        var ratio = manyTimed.Seconds / fewTimed.Seconds;
        return new ScenarioResult
        {
            Columns = ["usernames", "14,400 to 80, ms (median)", "best", "times the small one", "finding the unused, ms", "other programs"],
            Rows = [Row(fewTimed, 1, findFew), Row(manyTimed, ratio, findMany)],
            Promises =
            [
                new Promise($"distribution: time with {many:N0} usernames over that with {few:N0}", $"≤ {MostTimes:0.0}", Number(ratio, "0.00"), ratio <= MostTimes),
                new Promise($"distribution: finding {Count:N0} unused at {few:N0}, ms", $"≤ {MostFindMilliseconds:0}", Number(findFew, "0.0"), findFew <= MostFindMilliseconds),
            ],
            Figures = new Dictionary<string, double> { ["seconds, few"] = fewTimed.Seconds, ["seconds, many"] = manyTimed.Seconds, ["ratio"] = ratio, ["find ms, few"] = findFew, ["find ms, many"] = findMany },
            Notes = [$"Over HTTP, {rounds} rounds, the two in turn, vacuumed and a checkpoint made before each; each takes the next 14,400 and is a transaction with its 14,400 updates and assignments.", "Finding: EXPLAIN ANALYZE's time of the query that takes the oldest unused, the best of five."],
        };
    }

    private static async Task FillAsync(BenchDatabase database, int count)
    {
        for (var from = 0; from < count; from += Ingest)
        {
            await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
                INSERT INTO global_usernames (id, username, full_name, ingested_at, job_id, ord)
                SELECT id, 'user' || n, 'First Last' || n % 7919, timestamptz '2026-01-01' + {from / Ingest} * interval '1 day', '01900000-0000-7000-8000-{from:000000000000}', n
                FROM (SELECT n, abs(hashint8(n + {from})::bigint * 7919) || '-' || n + {from} AS id FROM generate_series(0, {Math.Min(Ingest, count - from) - 1}) n) AS rows
                ORDER BY id COLLATE "C"
                """));
        }

        await database.SettleAsync();
    }

    private static async Task DistributeAsync(ServiceProcess service, string name)
    {
        using var response = await service.Http.PostAsJsonAsync("api/distributions", new { name, count = Count, recipientCount = 80 });
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode || JsonDocument.Parse(answer).RootElement.GetProperty("selected").GetInt32() != Count)
        {
            throw new InvalidOperationException($"{Count} usernames were not handed out: {answer}");
        }
    }

    /// <summary>Milliseconds inside PostgreSQL.</summary>
    private static async Task<double> FindAsync(BenchDatabase database)
    {
        var best = double.MaxValue;
        for (var time = 0; time < 5; time++)
        {
            var plan = await database.QueryAsync<string>($"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) SELECT id, ingested_at FROM global_usernames WHERE NOT used ORDER BY ingested_at, id LIMIT {Count}");
            best = Math.Min(best, JsonDocument.Parse(plan).RootElement[0].GetProperty("Execution Time").GetDouble());
        }

        return best;
    }

    private static string[] Row(Timed timed, double ratio, double find) =>
        [timed.Name, Number(timed.Seconds * 1000, "0.0"), Number(timed.Best * 1000, "0.0"), Number(ratio, "0.00"), Number(find, "0.0"), $"{Number(timed.Others * 100, "0")} %"];

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
