using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;
using OrleansBulk.Providers;
using OrleansBulk.Providers.Files;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>An NPPES file of 330 columns into the table of providers, beside psql's COPY of the same file; and what memory it takes.</summary>
internal sealed class ProviderFileScenario : IScenario
{
    /// <summary>Lines of the file; 1,000,000 when it is not set.</summary>
    public const string RowsVariable = "BENCH_PROVIDER_ROWS";

    private const double LeastOfCopy = 0.6;
    private const double MostMegabytes = 200;

    public string Name => "provider-file";

    public string Summary => "1,000,000 NPPES lines of 330 columns into providers: at least 0.6 × the speed of psql's COPY of the file; memory under 200 MB above idle.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var rows = int.TryParse(Environment.GetEnvironmentVariable(RowsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : bench.Short ? 100_000 : 1_000_000;
        var rounds = bench.Short ? 1 : 3;
        var folder = Directory.CreateTempSubdirectory("provider-file-bench");
        try
        {
            var path = Path.Combine(folder.FullName, "npidata_pfile.csv");
            await GeneratedNppes.WriteAsync(path, rows);
            return await MeasureAsync(bench, path, rows, rounds);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ScenarioResult> MeasureAsync(Bench bench, string path, int rows, int rounds)
    {
        await using var ours = await BenchDatabase.CreateAsync(bench);
        await using var theirs = await BenchDatabase.CreateAsync(bench);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        var folder = Path.GetDirectoryName(path)!;
        await using var service = await ServiceProcess.StartAsync(ours, simulator, ("ProviderFiles__Folder", folder), ("ProviderFiles__UploadFolder", Path.Combine(folder, "uploads")));
        await theirs.ExecuteAsync($"CREATE TABLE by_hand ({string.Join(", ", GeneratedNppes.Header.Select((_, column) => $"c{column} text"))})");
        await GeneratedNppes.WriteAsync(Path.Combine(folder, "warm.csv"), 2000);
        await LoadAsync(service, "warm.csv");
        var (copy, byHand, fresh, known) = (new Timed("psql, COPY"), new Timed("psql, COPY and INSERT"), new Timed("file, new"), new Timed("file, known"));
        var (idle, most) = (0L, 0L);
        for (var round = 0; round < rounds; round++)
        {
            await theirs.ExecuteAsync("TRUNCATE by_hand, providers, leads, lead_history");
            await copy.RunAsync(theirs, () => Timed.ClockAsync(() => Psql.RunAsync(theirs, $@"\copy by_hand FROM '{path}' CSV HEADER")));
            await theirs.ExecuteAsync("TRUNCATE by_hand");
            await byHand.RunAsync(theirs, () => Timed.ClockAsync(() => Psql.RunAsync(theirs, $"BEGIN;\n\\copy by_hand FROM '{path}' CSV HEADER\n{InsertSql()};\nCOMMIT;")));
            await ours.ExecuteAsync("TRUNCATE providers, leads, lead_history");
            idle = round == 0 ? service.WorkingSet : idle;
            foreach (var (timed, created) in new[] { (fresh, rows), (known, 0) })
            {
                await timed.RunAsync(ours, () => Timed.ClockAsync(async () => most = Math.Max(most, await LoadAsync(service, Path.GetFileName(path), rows, created))));
            }
        }

        if (await theirs.QueryAsync<long>("SELECT count(*) FROM providers") != rows || await ours.QueryAsync<long>("SELECT count(*) FROM providers WHERE name IS NOT NULL AND taxonomy IS NOT NULL") != rows)
        {
            throw new InvalidOperationException("The two did not do the same work: their times say nothing.");
        }

        var (ratio, grown) = (copy.Seconds / fresh.Seconds, Math.Max(0, most - idle) / 1048576.0);
        var bytes = new FileInfo(path).Length;
        return new ScenarioResult
        {
            Columns = ["what", "seconds (median)", "lines/s", "MB/s", "speed beside COPY", "other programs"],
            Rows = [.. new[] { copy, byHand, fresh, known }.Select(timed => (string[])
                [timed.Name, Number(timed.Seconds, "0.00"), Number(rows / timed.Seconds, "N0"), Number(bytes / 1e6 / timed.Seconds, "0"), Number(copy.Seconds / timed.Seconds, "0.00"), $"{Number(timed.Others * 100, "0")} %"])],
            Promises =
            [
                new Promise($"NPPES file: {rows:N0} new lines, speed beside psql's COPY of the file", $"≥ {LeastOfCopy:0.0}", Number(ratio, "0.00"), ratio >= LeastOfCopy),
                new Promise("NPPES file: memory above idle, MB", $"≤ {MostMegabytes:0}", Number(grown, "0"), grown <= MostMegabytes),
            ],
            Figures = new Dictionary<string, double>
            {
                ["lines"] = rows, ["bytes"] = bytes, ["seconds, COPY"] = copy.Seconds, ["seconds, COPY and INSERT"] = byHand.Seconds, ["seconds, new"] = fresh.Seconds, ["seconds, known"] = known.Seconds,
                ["speed beside COPY"] = ratio, ["MB above idle"] = grown,
            },
            Notes =
            [
                $"{rows:N0} generated lines, {bytes / 1e6:0} MB, header of 2025. {rounds} rounds, vacuumed and a checkpoint made before each run. Indexes: those of the migrations.",
                "psql, COPY: the file into a table of 330 text columns, which is all that COPY can do with it. COPY and INSERT: then the columns that providers have, with their types, into that table, without a check of anything.",
                "The service reads the file by its path as a job: NPIs checked, every line counted, an upsert by NPI that finds what changed; until its row says completed. Memory is the process's working set.",
            ],
        };
    }

    /// <summary>Loads a file of the folder, and answers the most memory that the service held meanwhile.</summary>
    private static async Task<long> LoadAsync(ServiceProcess service, string path, int? lines = null, int? created = null)
    {
        using var response = await service.Http.PostAsJsonAsync("api/providers/file", new { path });
        var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The file was not taken: {answer}");
        }

        var id = answer.GetProperty("id").GetGuid();
        var done = service.WhenDoneAsync(id);
        var most = 0L;
        while (await Task.WhenAny(done, Task.Delay(50)) != done)
        {
            most = Math.Max(most, service.WorkingSet);
        }

        await done;
        var result = JsonDocument.Parse(await service.Http.GetStringAsync($"api/providers/file/{id}")).RootElement;
        return (lines is null || result.GetProperty("lines").GetInt32() == lines) && (created is null || result.GetProperty("created").GetInt32() == created) && result.GetProperty("rejected").GetInt32() == 0
            ? most
            : throw new InvalidOperationException($"The load of {path} came to something else: {result}");
    }

    private static string InsertSql()
    {
        var places = GeneratedNppes.Header.Select((name, column) => (name, column)).ToDictionary(pair => pair.name, pair => $"nullif(c{pair.column}, '')");
        string Day(string name) => $"to_date({places[name]}, 'MM/DD/YYYY')";
        string Address(string kind) => string.Join(", ", new[] { $"Provider First Line Business {kind}", $"Provider Second Line Business {kind}", $"Provider Business {kind} City Name", $"Provider Business {kind} State Name", $"Provider Business {kind} Postal Code", $"Provider Business {kind} Country Code (If outside U.S.)" }.Select(name => places[name]));
        var codes = string.Join(", ", Enumerable.Range(1, 15).Select(slot => places[$"Healthcare Provider Taxonomy Code_{slot}"]));
        return $"""
            INSERT INTO providers ({ProviderSql.Facts}, taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status, source, created_at, updated_at)
            SELECT c0::bigint, CASE c1 WHEN '1' THEN 'individual' ELSE 'organization' END, coalesce({places["Provider Organization Name (Legal Business Name)"]}, {places["Provider Last Name (Legal Name)"]} || ', ' || {places["Provider First Name"]}),
                {places["Provider Organization Name (Legal Business Name)"]}, {places["Provider Last Name (Legal Name)"]}, {places["Provider First Name"]}, {places["Provider Middle Name"]}, {places["Provider Credential Text"]}, {places["Provider Sex Code"]},
                {places["Provider Business Practice Location Address Telephone Number"]}, {places["Provider Business Practice Location Address Fax Number"]}, {Address("Practice Location Address")}, {Address("Mailing Address")},
                {places["Healthcare Provider Taxonomy Code_1"]}, array_remove(ARRAY[{codes}], NULL), {Day("Provider Enumeration Date")}, {Day("Last Update Date")}, {Day("Certification Date")}, {Day("NPI Deactivation Date")}, {Day("NPI Reactivation Date")},
                'active', 'by hand', now(), now() FROM by_hand
            """;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
