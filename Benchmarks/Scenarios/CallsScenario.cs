using System.Globalization;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>
/// The service over HTTP into PostgreSQL against the floor, which no program can go below: items / calls at once × the time of a call. Beside it, in turns in the same run,
/// those that one might use instead.
/// </summary>
internal sealed class CallsScenario : IScenario
{
    private const int AtOnce = 100;
    private const double CallSeconds = 0.05;
    private const double MostOverFloor = 1.10;

    public string Name => "calls-50ms";

    public string Summary => "5,000 single-call items at 50 ms, 100 at once, over HTTP into PostgreSQL: wall at most 1.10 × the floor.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (items, warmUp, old, rounds) = bench.Short ? (500, 100, 50, 1) : (5000, 5000, 500, 5);
        var floor = Floor(items, AtOnce);
        await using var database = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync(SimulatorProcess.FiftyMilliseconds);
        await using var service = await ServiceProcess.StartAsync(database, simulator, WithoutLimits);
        var upstream = new Uri(simulator.Address, "github/");
        using var handWritten = new HandWritten(database, upstream);
        await HandWritten.CreateTableAsync(database);

        var notes = new List<string>
        {
            $"Floor: {items:N0} items / {AtOnce} at once × 50 ms = {floor:0.00} s. Each figure is the median of {rounds}, taken in turns; before them, each did twice {warmUp:N0} items that do not count, so that its code is compiled and its connections are open.",
            "The service: from the POST (with ?wait=60) until its answer that the job is completed. Planning, ledger, history and progress are in it.",
            $"5 at a time, a row at a time: measured on {old:N0} items and scaled to {items:N0}.",
        };
        await using var peers = await Peers.StartAsync(bench, database, upstream, notes);
        var others = new List<(Timed Timed, Func<string, int, Task<TimeSpan>> Run)>
        {
            (new Timed("hand-written: Parallel.ForEachAsync, batched upserts"), (prefix, count) => handWritten.ParallelAsync(prefix, count, AtOnce)),
        };
        others.AddRange(peers.Running.Select(one => (new Timed(one.Name), (Func<string, int, Task<TimeSpan>>)one.Peer.RunAsync)));

        foreach (var warm in (string[])["warm", "warmer"])
        {
            // Twice, and long enough: the runtime finds out what is hot over thousands of items and compiles it beside them; a service that has been up since morning is past that.
            await database.RegisterAsync("github", warm, warmUp);
            await service.RefreshAsync(warm);
            for (var i = 0; i < others.Count; i++)
            {
                await others[i].Run($"{warm}{i}-", warmUp);
            }
        }

        var jobs = new List<FinishedJob>();
        var ours = new Timed("OrleansBulk");
        for (var round = 0; round < rounds; round++)
        {
            var owner = $"round{round}-";
            await database.RegisterAsync("github", owner, items);
            await simulator.ForgetAsync();
            await ours.RunAsync(database, async () =>
            {
                jobs.Add(await service.RefreshAsync(owner));
                return jobs[^1].Observed;
            });
            await CheckAsync(database, simulator, jobs[^1], items);
            for (var i = 0; i < others.Count; i++)
            {
                var (timed, run) = others[i];
                var prefix = $"other{i}-{owner}";
                await timed.RunAsync(database, () => run(prefix, items));
            }
        }

        await CheckOthersAsync(database, others.Count * ((rounds * items) + (2 * warmUp)));
        var before = new Timed("5 at a time, a row at a time, as it used to be");
        await before.RunAsync(database, async () => await handWritten.FiveAtATimeAsync("old", old) * items / old);

        Timed[] all = [ours, .. others.Select(other => other.Timed), before];
        return new ScenarioResult
        {
            Columns = ["who", "seconds (median)", "× floor", "best", "items/s", "µs of processor an item", "other programs"],
            Rows =
            [
                .. all.Select(one => (string[])
                [
                    one.Name, Number(one.Seconds, "0.00"), Number(one.Seconds / floor, "0.00"), Number(one.Best / floor, "0.00") + " ×", Number(items / one.Seconds, "N0"),
                    Number(one.Ours / (one == before ? old : items) * 1e6, "N0"), Number(one.Others * 100, "0") + " %",
                ]),
                .. peers.Missing.Select(name => (string[])[name, "-", "-", "-", "-", "-", "-"]),
            ],
            Promises = [new Promise($"calls-50ms: {items:N0} items, wall / floor", $"≤ {MostOverFloor:0.00}", Number(ours.Seconds / floor, "0.000"), ours.Seconds / floor <= MostOverFloor)],
            Figures = all.SelectMany(one => new KeyValuePair<string, double>[]
            {
                new($"{one.Name}: seconds", one.Seconds), new($"{one.Name}: best, seconds", one.Best), new($"{one.Name}: share of other programs", one.Others),
            }).Append(new("floor, seconds", floor)).ToDictionary(),
            Notes =
            [
                .. notes,
                $"All rounds of the service, seconds: {string.Join(", ", jobs.Select(job => Number(job.Observed.TotalSeconds, "0.000")))}; from started_at to finished_at {string.Join(", ", jobs.Select(job => Number(job.InDatabase.TotalSeconds, "0.000")))}.",
                "Processor an item: everything that took part, the simulator and PostgreSQL among it. Other programs: the share of the processors that was taken by what has nothing to do with this.",
            ],
        };
    }

    public static readonly (string Name, string Value)[] WithoutLimits = [("Upstreams__github__Limits", "none"), ("Upstreams__github__Concurrency", "100")];

    /// <summary>Seconds that nothing can go below.</summary>
    public static double Floor(int items, int atOnce) => Math.Ceiling(items / (double)atOnce) * CallSeconds;

    /// <summary>A figure counts only when the work was done: each item once, none more at once than allowed.</summary>
    public static async Task CheckAsync(BenchDatabase database, SimulatorProcess simulator, FinishedJob job, int items)
    {
        var journal = await simulator.JournalAsync("github");
        var (calls, most) = (journal.GetProperty("calls").GetInt64(), journal.GetProperty("mostAtOnce").GetInt64());
        var history = await database.QueryAsync<long>("SELECT count(*) FROM coding_profile_history h JOIN coding_profiles p ON p.id = h.profile_id JOIN jobs j ON j.id = $1 AND p.fetched_at >= j.started_at", job.Id);
        if (job.Succeeded != items || calls != items || history != items || most > AtOnce)
        {
            throw new InvalidOperationException($"The job of {items} items has {job.Succeeded} succeeded, {history} history rows, {calls} calls, {most} at most at once: its time says nothing.");
        }
    }

    private static async Task CheckOthersAsync(BenchDatabase database, int wanted)
    {
        var written = await database.QueryAsync<long>("SELECT count(*) FROM peer_profiles WHERE details IS NOT NULL");
        if (written != wanted)
        {
            throw new InvalidOperationException($"The others wrote {written} rows where {wanted} were wanted: their times say nothing.");
        }
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>The peers that could be started, and why the others could not.</summary>
    private sealed class Peers : IAsyncDisposable
    {
        private RedisProcess? _redis;

        public List<(string Name, Peer Peer)> Running { get; } = [];

        public List<string> Missing { get; } = [];

        public static async Task<Peers> StartAsync(Bench bench, BenchDatabase database, Uri upstream, List<string> notes)
        {
            const string bull = "BullMQ on Redis, upsert per item";
            const string graphile = "graphile-worker on PostgreSQL, upsert per item";
            var peers = new Peers();
            if (await Peer.InstallAsync() is { } problem)
            {
                notes.Add($"The peers are not measured: {problem}.");
                peers.Missing.AddRange([bull, graphile]);
                return peers;
            }

            notes.Add("The peers (versions in Benchmarks/peers/package.json) run in a Node process each; from the first item queued until the last one is done, seen from inside. Redis keeps its append-only file.");
            if (bench.RedisServer is { } program)
            {
                peers._redis = await RedisProcess.StartAsync(program);
                await peers.AddAsync(bull, notes, () => Peer.StartAsync("bullmq.js", database.ConnectionString, upstream, AtOnce, peers._redis.Port));
            }
            else
            {
                notes.Add($"{bull}: not measured, there is no redis-server here.");
                peers.Missing.Add(bull);
            }

            await peers.AddAsync(graphile, notes, () => Peer.StartAsync("graphile.js", database.ConnectionString, upstream, AtOnce, null));
            return peers;
        }

        private async Task AddAsync(string name, List<string> notes, Func<Task<Peer>> start)
        {
            try
            {
                Running.Add((name, await start()));
            }
            catch (InvalidOperationException problem)
            {
                notes.Add($"{name}: not measured. {problem.Message.Split('\n')[0].Trim()}");
                Missing.Add(name);
            }
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var (_, peer) in Running)
            {
                await peer.DisposeAsync();
            }

            if (_redis is not null)
            {
                await _redis.DisposeAsync();
            }
        }
    }
}
