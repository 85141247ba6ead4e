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
    private const double MostMegabytes = 200;
    private const double MostMegabytesMore = 64; // than for a tenth of the rows: those rows alone would be several times as much
    private const double MostReadTimes = 4; // its place, its cells, and a second look around the watermark
    private const int PerSecond = 40;
    private const int Rounds = 4; // of idle and busy: what changes on the machine meanwhile changes for both

    public string Name => "tabs";

    public string Summary => "p99 of people's requests during syncs ≤ 1.25 × idle; of 1,000,000 rows an incremental sync reads about those that changed; a full one into files in flat memory.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (rows, requests, users) = bench.Short ? (10_000, 80, 500) : (1_000_000, 1_000, 20_000);
        var folder = Directory.CreateTempSubdirectory("tabs-bench");
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var service = await ServiceProcess.StartAsync(
            database, simulator, ("Tabs__Files__Folder", folder.FullName), ("Tabs__Delay", "00:00:00"));
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            SELECT learning.make_demo({users});
            TRUNCATE learning.quiz_responses, learning.engagement_logs;
            INSERT INTO learning.engagement_logs (user_id, event, seconds, at, updated_at)
            SELECT 1 + n % {users}, 'event ' || n % 40, n % 600, now(), now() - {rows / 10} * interval '1 second' + n * interval '1 second' FROM generate_series(1, {rows / 10}) n;
            INSERT INTO learning.quiz_responses (user_id, question, answer, is_correct, answered_at, updated_at)
            SELECT 1 + n % {users}, 'Question ' || n % 40, 'Answer ' || n, n % 3 = 0, now(), now() - {rows} * interval '1 second' + n * interval '1 second' FROM generate_series(1, {rows}) n;
            """));
        await SyncAsync(service, "user-profiles", false);
        await database.SettleAsync();

        var idleBytes = service.WorkingSet;
        var (_, megabytesOfTenth) = await FullSyncAsync(service, "engagement-logs", idleBytes);
        var (took, megabytes) = await FullSyncAsync(service, "quiz-responses", idleBytes);
        var lines = await CountLinesAsync(Path.Combine(folder.FullName, "Quiz responses.csv"));
        if (lines != rows + 1)
        {
            throw new InvalidOperationException($"The file has {lines} lines after a full sync of {rows} rows.");
        }

        await database.SettleAsync();
        var changed = rows / 1000;
        await database.ExecuteAsync("UPDATE learning.quiz_responses SET answer = 'changed', updated_at = now() WHERE id % 1000 = 7");
        await database.ExecuteAsync("ANALYZE learning.quiz_responses, learning.users");
        var (readBefore, belongingBefore) = await ReadsAsync(database, bench, 0);
        var incremental = Stopwatch.StartNew();
        await SyncAsync(service, "quiz-responses", true);
        incremental.Stop();
        var (readAfter, belongingAfter) = await ReadsAsync(database, bench, readBefore + changed);
        var (read, belonging) = (readAfter - readBefore, belongingAfter - belongingBefore);

        using var session = await SignedIn.AsAdminAsync(service);
        await LoadAsync(service, session, requests / 4, []);
        List<Waited> idle = [], busy = [];
        var syncs = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await LoadAsync(service, session, requests, idle);
            using var enough = new CancellationTokenSource();
            var syncing = SyncOnAndOnAsync(service, database, enough.Token);
            await LoadAsync(service, session, requests, busy);
            await enough.CancelAsync();
            syncs += await syncing;
        }

        folder.Delete(recursive: true);
        string[] kinds = [.. idle.Select(wait => wait.Kind).Distinct()];
        var ratio = kinds.Max(kind => Of(busy, kind).P99 / Of(idle, kind).P99); // of all together, sign-ins with their costly hash would hide the rest
        return new ScenarioResult
        {
            Columns = ["requests of people", "median idle, ms", "median busy, ms", "p99 idle, ms", "p99 busy, ms", "times"],
            Rows = [.. kinds.Append(null).Select(kind => Row(kind ?? "all", Of(idle, kind), Of(busy, kind)))],
            Promises =
            [
                new Promise("tabs: p99 of people's requests during syncs, times idle, of the kind that suffers most", $"≤ {MostTimesIdle}", Number(ratio, "0.00"), ratio <= MostTimesIdle),
                new Promise($"tabs: source rows read by a sync of {changed:N0} changed of {rows:N0}, times the changed", $"≤ {MostReadTimes:0}", Number((double)read / changed), read >= changed && read <= changed * MostReadTimes), // fewer than the changed: it was not measured
                new Promise($"tabs: memory during a full sync of {rows:N0} rows into a file, MB more", $"≤ {MostMegabytes:0}", Number(megabytes), megabytes <= MostMegabytes),
                new Promise($"tabs: that memory, MB more than during a full sync of {rows / 10:N0} rows", $"≤ {MostMegabytesMore:0}", Number(megabytes - megabytesOfTenth), megabytes - megabytesOfTenth <= MostMegabytesMore),
            ],
            Figures = new Dictionary<string, double> { ["p99 idle ms"] = Of(idle, null).P99, ["p99 busy ms"] = Of(busy, null).P99, ["source rows read"] = read, ["MB more"] = megabytes, ["MB more of a tenth of the rows"] = megabytesOfTenth, ["full sync s"] = took.TotalSeconds, ["incremental sync s"] = incremental.Elapsed.TotalSeconds },
            Notes =
            [
                $"People: {PerSecond} requests a second, one of them a sign-in with its password; the overview, the list of jobs, the tabs, a list by the API. Each is sent when it is due, whether or not the one before it is answered. {idle.Count:N0} of them idle and {busy.Count:N0} while syncs of all tabs follow each other ({syncs} in all), in turns. 200 rows of every table change before each sync, so every file is written anew each time, that of {rows:N0} rows too.",
                $"Rows read: pg_stat_user_tables of the source, rows of the tab's own table fetched by index and read by scans; of the {users:N0} users that belong to them, {belonging:N0} were read, a table this small being read whole now and then. The full sync took {took.TotalSeconds:0.0} s, the incremental one {incremental.Elapsed.TotalSeconds:0.0} s.",
                $"Memory: the most that the service's working set was above what it held before: {megabytesOfTenth:0} MB for {rows / 10:N0} rows, then {megabytes:0} MB for {rows:N0}. The file had all rows at the end.",
            ],
        };
    }

    private static async Task<(TimeSpan Took, double Megabytes)> FullSyncAsync(ServiceProcess service, string tab, long idleBytes)
    {
        var (clock, sizes) = (Stopwatch.StartNew(), new List<long>());
        var syncing = SyncAsync(service, tab, false);
        while (!syncing.IsCompleted)
        {
            sizes.Add(service.WorkingSet - idleBytes);
            await Task.WhenAny(syncing, Task.Delay(100));
        }

        await syncing;
        clock.Stop();
        return (clock.Elapsed, sizes.Max() / 1048576.0);
    }

    private static async Task SyncAsync(ServiceProcess service, string? tab, bool incremental)
    {
        using var response = await service.Http.PostAsJsonAsync("api/tabs/sync", new { tabs = tab is null ? null : new[] { tab }, incremental });
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The sync was refused: {answer}");
        }

        var id = JsonDocument.Parse(answer).RootElement.GetProperty("id").GetGuid();
        await service.WhenDoneAsync(id);
        if (JsonDocument.Parse(await service.Http.GetStringAsync($"api/jobs/{id}")).RootElement.GetProperty("progress").GetProperty("failed").GetInt64() is > 0 and var failed)
        {
            throw new InvalidOperationException($"{failed} rows of the sync {id} failed: it says nothing about speed.");
        }
    }

    private static async Task<int> SyncOnAndOnAsync(ServiceProcess service, BenchDatabase database, CancellationToken enough)
    {
        (string Table, string Column)[] changes = [("users", "name"), ("quiz_responses", "answer"), ("engagement_logs", "event"), ("chat_logs", "message")];
        var rounds = 0;
        for (; !enough.IsCancellationRequested; rounds++)
        {
            foreach (var (table, column) in changes)
            {
                await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
                    UPDATE learning.{table} SET {column} = 'changed at ' || now(), updated_at = now() WHERE id IN (SELECT id FROM learning.{table} ORDER BY id OFFSET {rounds * 200} LIMIT 200)
                    """));
            }

            await SyncAsync(service, null, true);
        }

        return rounds;
    }

    /// <summary>Each request is sent when it is due, whether or not the one before it is answered: one that is slow makes others wait, not come later.</summary>
    private static async Task LoadAsync(ServiceProcess service, SignedIn session, int requests, List<Waited> times)
    {
        var clock = Stopwatch.StartNew();
        var asked = new Task<Waited>[requests];
        for (var request = 0; request < requests; request++)
        {
            var due = TimeSpan.FromSeconds((double)request / PerSecond);
            if (due > clock.Elapsed)
            {
                await Task.Delay(due - clock.Elapsed);
            }

            asked[request] = AskAsync(service, session, request);
        }

        times.AddRange(await Task.WhenAll(asked));
    }

    private static async Task<Waited> AskAsync(ServiceProcess service, SignedIn session, int request)
    {
        var (clock, kind) = (Stopwatch.StartNew(), "page");
        switch (request % PerSecond)
        {
            case 7:
                kind = "sign-in";
                (await SignedIn.AsAdminAsync(service)).Dispose();
                break;
            case var other when other % 4 == 0:
                kind = "API read";
                await session.ReadAsync("api/jobs?limit=20", "tab-sync");
                break;
            case var other:
                var (path, says) = (other % 4) switch { 1 => ("", "Items a minute"), 2 => ("jobs", "tab-sync"), _ => ("tabs", "Quiz responses") };
                await session.ReadAsync(path, says);
                break;
        }

        return new Waited(kind, clock.Elapsed.TotalMilliseconds);
    }

    private static Waits Of(IEnumerable<Waited> waits, string? kind)
    {
        double[] times = [.. waits.Where(wait => kind is null || wait.Kind == kind).Select(wait => wait.Milliseconds).Order()];
        return new Waits(times[times.Length / 2], times[(int)(times.Length * 0.99)]);
    }

    private static string[] Row(string what, Waits idle, Waits busy) => [what, Number(idle.Median), Number(busy.Median), Number(idle.P99), Number(busy.P99), Number(busy.P99 / idle.P99, "0.00")];

    /// <summary>Rows that were read of the tab's own table, and of those that belong to it.</summary>
    /// <param name="atLeast">Waits until so many of its own are known: a session that is idle tells its counts within ten seconds.</param>
    private static async Task<(long Own, long Belonging)> ReadsAsync(BenchDatabase database, Bench bench, long atLeast)
    {
        await Task.Delay(bench.Short ? 1500 : 11_000);
        for (var tries = 0; tries < 60 && await OwnAsync() < atLeast; tries++)
        {
            await Task.Delay(200);
        }

        return (await OwnAsync(), await database.QueryAsync<long>("SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'learning' AND relname = 'users'"));

        Task<long> OwnAsync() => database.QueryAsync<long>("SELECT coalesce(idx_tup_fetch, 0) + seq_tup_read FROM pg_stat_user_tables WHERE schemaname = 'learning' AND relname = 'quiz_responses'");
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

    private readonly record struct Waited(string Kind, double Milliseconds);

    private readonly record struct Waits(double Median, double P99);
}
