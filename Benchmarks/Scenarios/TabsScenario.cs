using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Syncing tabs must read what changed and not the rest, hold no more for a million rows than for a few, and be felt by nobody.</summary>
internal sealed class TabsScenario : IScenario
{
    private const double MostTimesIdle = 1.25;
    private const double MostMegabytes = 100;
    private const double MostReadTimes = 12; // tuples read for one changed row: itself, its user, the second look around the watermark, index entries

    public string Name => "tabs";

    public string Summary => "p99 of people's requests during syncs ≤ 1.25 × idle; of 1,000,000 rows an incremental sync reads about those that changed; a full one into files in flat memory.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (rows, requests) = bench.Short ? (5_000, 200) : (1_000_000, 3_000);
        var folder = Directory.CreateTempSubdirectory("tabs-bench");
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var service = await ServiceProcess.StartAsync(
            database, simulator, ("Tabs__Files__Folder", folder.FullName), ("Tabs__Delay", "00:00:00"), ("Tabs__Timeout", "01:00:00"));
        await database.ExecuteAsync("SELECT learning.make_demo(2000)");
        await SyncAsync(service, "user-profiles", false);
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO learning.quiz_responses (user_id, question, answer, is_correct, answered_at, updated_at)
            SELECT 1 + n % 2000, 'Question ' || n % 40, 'Answer ' || n, n % 3 = 0, now(), now() - interval '1 day' + n * interval '1 millisecond' FROM generate_series(1, {rows}) n
            """));
        await database.SettleAsync();

        var before = service.WorkingSet;
        var peak = before;
        var full = Stopwatch.StartNew();
        var syncing = SyncAsync(service, "quiz-responses", false);
        while (!syncing.IsCompleted)
        {
            peak = Math.Max(peak, service.WorkingSet);
            await Task.WhenAny(syncing, Task.Delay(100));
        }

        await syncing;
        full.Stop();
        var lines = await CountLinesAsync(Path.Combine(folder.FullName, "Quiz responses.csv"));

        await database.SettleAsync();
        var changed = rows / 1000;
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"UPDATE learning.quiz_responses SET answer = 'changed', updated_at = now() WHERE id % 1000 = 7"));
        await database.ExecuteAsync("ANALYZE learning.quiz_responses");
        var readBefore = await ReadsAsync(database);
        var incremental = Stopwatch.StartNew();
        await SyncAsync(service, "quiz-responses", true);
        incremental.Stop();
        var read = await ReadsAsync(database) - readBefore;

        using var session = await SignedIn.AsAdminAsync(service);
        await LoadAsync(session, requests / 10);
        var idle = await LoadAsync(session, requests);
        using var enough = new CancellationTokenSource();
        var syncs = SyncOnAndOnAsync(service, database, enough.Token);
        var busy = await LoadAsync(session, requests);
        await enough.CancelAsync();
        var rounds = await syncs;
        var ratio = busy.P99 / idle.P99;
        folder.Delete(recursive: true);
        var megabytes = (peak - before) / 1048576.0;
        return new ScenarioResult
        {
            Columns = ["requests of people", "median, ms", "p95, ms", "p99, ms"],
            Rows = [["idle", Number(idle.Median), Number(idle.P95), Number(idle.P99)], [$"during {rounds} syncs of all tabs", Number(busy.Median), Number(busy.P95), Number(busy.P99)]],
            Promises =
            [
                new Promise("tabs: p99 of people's requests during syncs, times idle", $"≤ {MostTimesIdle}", Number(ratio, "0.00"), ratio <= MostTimesIdle),
                new Promise($"tabs: source rows read by a sync of {changed:N0} changed of {rows:N0}, times the changed", $"≤ {MostReadTimes:0}", Number((double)read / changed), read <= changed * MostReadTimes),
                new Promise($"tabs: memory during a full sync of {rows:N0} rows into a file, MB more", $"≤ {MostMegabytes:0}", Number(megabytes), megabytes <= MostMegabytes && lines > rows),
            ],
            Figures = new Dictionary<string, double> { ["p99 idle ms"] = idle.P99, ["p99 busy ms"] = busy.P99, ["source rows read"] = read, ["MB more"] = megabytes, ["full sync s"] = full.Elapsed.TotalSeconds, ["incremental sync s"] = incremental.Elapsed.TotalSeconds },
            Notes =
            [
                $"People: 40 requests a second, in turns the overview, the list of jobs, a list by the API and the page of the account; {requests:N0} of them idle and {requests:N0} during syncs that follow each other, while 200 rows of every table change in between.",
                $"Rows read: pg_stat_user_tables of the source, rows fetched by index and read by scans, over all its tables. The full sync took {full.Elapsed.TotalSeconds:0.0} s, the incremental one {incremental.Elapsed.TotalSeconds:0.0} s.",
                "Memory: the service's working set above what it held before the sync. The file had all rows at the end.",
            ],
        };
    }

    private static async Task SyncAsync(ServiceProcess service, string? tab, bool incremental)
    {
        using var response = await service.Http.PostAsJsonAsync("api/tabs/sync", new { tabs = tab is null ? null : new[] { tab }, incremental });
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The sync was refused: {answer}");
        }

        await service.WhenDoneAsync(JsonDocument.Parse(answer).RootElement.GetProperty("id").GetGuid());
    }

    private static async Task<int> SyncOnAndOnAsync(ServiceProcess service, BenchDatabase database, CancellationToken enough)
    {
        var rounds = 0;
        for (; !enough.IsCancellationRequested; rounds++)
        {
            foreach (var table in new[] { "users", "quiz_responses", "engagement_logs", "chat_logs", "course_progress" })
            {
                await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"UPDATE learning.{table} SET updated_at = now() WHERE id BETWEEN {1 + (rounds * 200 % 1800)} AND {200 + (rounds * 200 % 1800)}"));
            }

            await SyncAsync(service, null, true);
        }

        return rounds;
    }

    private static async Task<Waits> LoadAsync(SignedIn session, int requests)
    {
        var times = new List<double>(requests);
        var clock = Stopwatch.StartNew();
        for (var request = 0; request < requests; request++)
        {
            var due = TimeSpan.FromSeconds(request / 40.0);
            if (due > clock.Elapsed)
            {
                await Task.Delay(due - clock.Elapsed);
            }

            var (path, says) = (request % 4) switch { 0 => ("", "Items a minute"), 1 => ("jobs", "tab-sync"), 2 => ("api/jobs?limit=20", "tab-sync"), _ => ("account/password", "password") };
            var started = clock.Elapsed; // not when it was due: one that waits for the one before it would count twice
            await session.ReadAsync(path, says);
            times.Add((clock.Elapsed - started).TotalMilliseconds);
        }

        times.Sort();
        return new Waits(times[times.Count / 2], times[(int)(times.Count * 0.95)], times[(int)(times.Count * 0.99)]);
    }

    private static async Task<long> ReadsAsync(BenchDatabase database)
    {
        await Task.Delay(1500); // sessions tell their counts within a second
        return await database.QueryAsync<long>("SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint FROM pg_stat_user_tables WHERE schemaname = 'learning'");
    }

    private static async Task<int> CountLinesAsync(string path)
    {
        var lines = 0;
        using var reader = new StreamReader(path);
        while (await reader.ReadLineAsync() is not null)
        {
            lines++;
        }

        return lines;
    }

    private static string Number(double value, string format = "0.0") => value.ToString(format, CultureInfo.InvariantCulture);

    private readonly record struct Waits(double Median, double P95, double P99);
}
