using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Npgsql;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Scraped profiles over HTTP, beside psql doing the same work with the same tables, and beside one row at a time, which is how it used to be done.</summary>
internal sealed class IngestScenario : IScenario
{
    private const double MostTimesPsql = 1.3;
    private const double MostSmallMilliseconds = 25;
    private const double MostMegabytes = 100;
    private const int MostConnections = 9;
    private const int OldWayBears = 5_000;
    private const int SmallRows = 50;

    public string Name => "ingest";

    public string Summary => "50 to 500,000 profiles over HTTP: at most 1.3 × psql at 500,000, into empty tables and with all rows known; 50 rows in 25 ms.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        int[] sizes = bench.Short ? [SmallRows, 5_000, 50_000] : [SmallRows, 500, 5_000, 50_000, 500_000];
        var (rounds, repeats) = bench.Short ? (1, 2) : (3, 10);
        await using var ours = await BenchDatabase.CreateAsync(bench);
        await using var theirs = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var service = await ServiceProcess.StartAsync(ours, simulator);
        await theirs.ExecuteAsync("CREATE TABLE raw_all PARTITION OF raw_scraped_profiles DEFAULT"); // the service has made the months in its database
        using var bodies = new Bodies(sizes);
        await IngestAsync(service, bodies[sizes[^1] / 10], null); // warmed up
        var rows = new List<string[]>();
        var figures = new Dictionary<string, double>();
        foreach (var size in sizes)
        {
            var (http, psql, oldWay) = await CompareAsync(ours, theirs, service, bodies, size, rounds);
            foreach (var (what, known) in new[] { ("new", 0), ("known", 1) })
            {
                var ratio = http[known].Seconds / psql[known].Seconds;
                rows.Add([Number(size, "N0"), what, Number(http[known].Seconds * 1000, "N1"), Number(psql[known].Seconds * 1000, "N1"), Number(ratio, "0.00"),
                    oldWay is { } slow && known == 0 ? Number(slow * 1000, "N0") : "–", Number(size / http[known].Seconds, "N0"), $"{Number(http[known].Others * 100, "0")} %"]);
                figures[$"{size} {what}: seconds over HTTP"] = http[known].Seconds;
                figures[$"{size} {what}: seconds by psql"] = psql[known].Seconds;
                figures[$"{size} {what}: times psql"] = ratio;
            }
        }

        var small = await SmallAsync(service, bodies[SmallRows], bench.Short ? 20 : 200);
        var (grown, connections) = await RepeatAsync(ours, service, bodies[sizes[^1]], sizes[^1], repeats);
        var largest = sizes[^1];
        return new ScenarioResult
        {
            Columns = ["rows", "ids", "HTTP, ms", "psql, ms", "times psql", "row by row, ms", "rows/s over HTTP", "other programs"],
            Rows = rows,
            Promises =
            [
                Within($"ingest: {largest:N0} new rows, times psql", MostTimesPsql, figures[$"{largest} new: times psql"]),
                Within($"ingest: {largest:N0} known rows, times psql", MostTimesPsql, figures[$"{largest} known: times psql"]),
                Within($"ingest: {SmallRows} rows on an idle service, median ms", MostSmallMilliseconds, small),
                Within($"ingest: connections through {repeats} ingests of {largest:N0}", MostConnections, connections),
                Within($"ingest: memory after {repeats} ingests of {largest:N0}, MB more than after the first", MostMegabytes, grown),
            ],
            Figures = figures.Append(new("median ms of 50 rows", small)).Append(new("connections", connections)).Append(new("MB grown", grown)).ToDictionary(),
            Notes =
            [
                $"Medians of {rounds} rounds, the two in turn; tables emptied before each round, vacuumed and a checkpoint made before each run. CSV from a file, ids in random order.",
                "psql: in one transaction COPY into a staging table (its file has the row numbers already), INSERT … SELECT into the raw table, INSERT … SELECT DISTINCT ON … ON CONFLICT DO NOTHING, DROP; the same tables and indexes in a database beside.",
                "The service does this and has an outcome for every row, and answers when it is committed. Row by row: SELECT by id, then two INSERTs, each a round trip and a commit.",
            ],
        };
    }

    private static async Task<(Timed[] Http, Timed[] Psql, double? OldWay)> CompareAsync(BenchDatabase ours, BenchDatabase theirs, ServiceProcess service, Bodies bodies, int size, int rounds)
    {
        Timed[] http = [new("HTTP, new"), new("HTTP, known")], psql = [new("psql, new"), new("psql, known")];
        double? oldWay = null;
        for (var round = 0; round < rounds; round++)
        {
            await EmptyAsync(ours);
            await EmptyAsync(theirs);
            for (var known = 0; known < 2; known++)
            {
                var added = known == 0 ? size : 0;
                await http[known].RunAsync(ours, () => Timed.ClockAsync(() => IngestAsync(service, bodies[size], added)));
                await psql[known].RunAsync(theirs, () => Timed.ClockAsync(() => Psql.RunAsync(theirs, Script(bodies.Numbered(size)))));
            }

            if (await theirs.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles") != 2 * size || await ours.QueryAsync<long>("SELECT count(*) FROM global_usernames") != size)
            {
                throw new InvalidOperationException($"The two did not do the same work on {size} rows: their times say nothing.");
            }
        }

        if (size <= OldWayBears)
        {
            await EmptyAsync(theirs);
            oldWay = (await Timed.ClockAsync(() => RowByRowAsync(theirs, bodies[size]))).TotalSeconds;
        }

        return (http, psql, oldWay);
    }

    private static Task EmptyAsync(BenchDatabase database) => database.ExecuteAsync("TRUNCATE raw_scraped_profiles, global_usernames");

    private static async Task IngestAsync(ServiceProcess service, string path, int? added)
    {
        await using var file = File.OpenRead(path);
        using var content = new StreamContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } };
        using var response = await service.Http.PostAsync("api/ingest", content);
        var answer = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode || (added is { } wanted && JsonDocument.Parse(answer).RootElement.GetProperty("added_to_global").GetInt32() != wanted))
        {
            throw new InvalidOperationException($"The ingest of {path} did not add {added} usernames: {answer}");
        }
    }

    private static string Script(string path) => $"""
        BEGIN;
        CREATE TABLE staged_by_hand (LIKE ingest_staging);
        \copy staged_by_hand (ord, id, username, full_name) FROM '{path}' CSV HEADER
        INSERT INTO raw_scraped_profiles (ingested_at, job_id, ord, id, username, full_name, extra)
        SELECT now(), '01900000-0000-7000-8000-000000000000', ord, id, username, full_name, extra FROM staged_by_hand;
        INSERT INTO global_usernames (id, username, full_name, ingested_at, job_id, ord)
        SELECT DISTINCT ON (id) id, username, full_name, now(), '01900000-0000-7000-8000-000000000000'::uuid, ord FROM staged_by_hand ORDER BY id, ord
        ON CONFLICT (id) DO NOTHING;
        DROP TABLE staged_by_hand;
        COMMIT;
        """;

    private static async Task RowByRowAsync(BenchDatabase database, string path)
    {
        await using var connection = await database.Source.OpenConnectionAsync();
        await using var find = new NpgsqlCommand("SELECT 1 FROM global_usernames WHERE id = $1", connection) { Parameters = { new() { Value = "" } } };
        await using var raw = new NpgsqlCommand("INSERT INTO raw_scraped_profiles VALUES (now(), gen_random_uuid(), 0, $1, $2, $3)", connection) { Parameters = { new() { Value = "" }, new() { Value = "" }, new() { Value = "" } } };
        await using var add = new NpgsqlCommand("INSERT INTO global_usernames (id, username, full_name, ingested_at, job_id, ord) VALUES ($1, $2, $3, now(), gen_random_uuid(), 0)", connection)
        {
            Parameters = { new() { Value = "" }, new() { Value = "" }, new() { Value = "" } },
        };
        foreach (var line in File.ReadLines(path).Skip(1))
        {
            var cells = line.Split(',');
            find.Parameters[0].Value = cells[0];
            var known = await find.ExecuteScalarAsync() is not null;
            foreach (var insert in known ? [raw] : new[] { raw, add })
            {
                for (var cell = 0; cell < 3; cell++)
                {
                    insert.Parameters[cell].Value = cells[cell];
                }

                await insert.ExecuteNonQueryAsync();
            }
        }
    }

    private static async Task<double> SmallAsync(ServiceProcess service, string path, int requests)
    {
        var times = new List<double>();
        for (var request = 0; request < requests; request++)
        {
            var started = Stopwatch.GetTimestamp();
            await IngestAsync(service, path, null);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return Median.Of(times);
    }

    private static async Task<(double Megabytes, double Connections)> RepeatAsync(BenchDatabase ours, ServiceProcess service, string path, int size, int repeats)
    {
        await EmptyAsync(ours);
        await IngestAsync(service, path, size);
        var (first, most, connections) = (service.WorkingSet, 0L, 0L);
        for (var repeat = 1; repeat < repeats; repeat++)
        {
            var ingesting = IngestAsync(service, path, 0);
            while (!ingesting.IsCompleted)
            {
                connections = Math.Max(connections, await ours.QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'bulk-%'"));
                await Task.WhenAny(ingesting, Task.Delay(50));
            }

            await ingesting;
            most = Math.Max(most, service.WorkingSet);
        }

        return (Math.Max(0, most - first) / 1048576.0, connections);
    }

    private static Promise Within(string what, double most, double measured) => new(what, $"≤ {Number(most, "0.##")}", Number(measured, "0.00"), measured <= most);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>The CSV files of all sizes, as the service gets them and with row numbers as psql gets them.</summary>
    private sealed class Bodies : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("ingest-bench").FullName;

        public Bodies(IEnumerable<int> sizes)
        {
            foreach (var size in sizes.SelectMany(size => new[] { size, Math.Max(1, size / 10) }).Distinct())
            {
                var random = new Random(size);
                using var plain = new StreamWriter(this[size]);
                using var numbered = new StreamWriter(Numbered(size));
                plain.Write("id,username,full_name\n");
                numbered.Write("ord,id,username,full_name\n");
                for (var row = 0; row < size; row++)
                {
                    var line = string.Create(CultureInfo.InvariantCulture, $"{random.Next(1_000_000)}{row:000000},user_{row},First{row % 1000} Last{row % 7919}\n");
                    plain.Write(line);
                    numbered.Write(string.Create(CultureInfo.InvariantCulture, $"{row},{line}"));
                }
            }
        }

        public string this[int size] => Path.Combine(_folder, $"{size}.csv");

        public string Numbered(int size) => Path.Combine(_folder, $"{size}-numbered.csv");

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
