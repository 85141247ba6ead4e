using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>Lists of providers and leads over HTTP when there are many, each in the ways in which they are asked for.</summary>
internal sealed class ProviderListsScenario : IScenario
{
    private const double MostMilliseconds = 50;

    public string Name => "provider-lists";

    public string Summary => "Lists of providers and leads at 1,000,000 providers: p95 of each way to ask at most 50 ms.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var (providers, requests) = bench.Short ? (50_000, 40) : (1_000_000, 200);
        providers = int.TryParse(Environment.GetEnvironmentVariable(ProviderFileScenario.RowsVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : providers;
        await using var database = await BenchDatabase.CreateAsync(bench);
        await FillAsync(database, providers);
        await using var simulator = await SimulatorProcess.StartAsync("{}");
        await using var service = await ServiceProcess.StartAsync(database, simulator);
        var (rows, figures) = (new List<string[]>(), new Dictionary<string, double>());
        foreach (var (name, ask) in Ways(providers))
        {
            var times = new List<double>();
            var found = 0;
            for (var request = 0; request < requests + 20; request++)
            {
                var started = Stopwatch.GetTimestamp();
                var page = await service.Http.GetStringAsync(ask(request));
                if (request >= 20) // the first ones warm up
                {
                    times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                    found += JsonDocument.Parse(page).RootElement.TryGetProperty("items", out var items) ? items.GetArrayLength() : 1;
                }
            }

            times.Sort();
            var (median, late) = (times[times.Count / 2], times[(int)(times.Count * 0.95)]);
            rows.Add([name, Number(median, "0.0"), Number(late, "0.0"), Number(times[^1], "0.0"), Number((double)found / requests, "0.0")]);
            figures[$"{name}: p95 ms"] = late;
        }

        var worst = figures.Values.Max();
        return new ScenarioResult
        {
            Columns = ["what is asked", "median, ms", "p95, ms", "slowest, ms", "rows a page"],
            Rows = rows,
            Promises = [new Promise($"lists at {providers:N0} providers: p95 of the slowest way to ask, ms", $"≤ {MostMilliseconds:0}", Number(worst, "0.0"), worst <= MostMilliseconds)],
            Figures = figures,
            Notes = [$"{providers:N0} providers, a tenth of them leads; {requests} requests each, one after the other, with other words each time; the indexes of scripts/sql/database_indexes.sql."],
        };
    }

    private static IEnumerable<(string Name, Func<int, string> Ask)> Ways(int providers)
    {
        string State(int n) => $"{(char)('A' + (n % 26))}{(char)('A' + (n * 7 % 26))}";
        string Code(int n) => $"{100 + (n * 13 % 300)}000000X";
        yield return ("providers, all", n => $"api/providers?after={Cursor(n * 977L % providers)}");
        yield return ("providers of a state", n => $"api/providers?state={State(n)}");
        yield return ("of a city", n => $"api/providers?state={State(n)}&city=CITY{n % 500}");
        yield return ("of a specialty", n => $"api/providers?taxonomy={Code(n)}");
        yield return ("of a specialty in a state", n => $"api/providers?taxonomy={Code(n)}&state={State(n)}");
        yield return ("deactivated", n => $"api/providers?status=deactivated&after={Cursor(n * 977L % providers)}");
        yield return ("name contains, rare", n => $"api/providers?q={Hash(n)[..5]}");
        yield return ("name contains, frequent", n => $"api/providers?q=AMPLE{Hash(n)[..1]}");
        yield return ("name contains, in a state", n => $"api/providers?q={Hash(n)[..3]}&state={State(n)}");
        yield return ("name begins with", n => $"api/providers?q={n % 16:x}s");
        yield return ("one provider", n => $"api/providers/{Providers.NpiNumber.Complete(100_000_000 + (n * 977 % providers))}");
        yield return ("leads", _ => "api/leads");
        yield return ("leads of a status", n => $"api/leads?status={(n % 2 == 0 ? "won" : "contacted")}");
        yield return ("leads of a state", n => $"api/leads?state={State(n)}");
        yield return ("leads by name", n => $"api/leads?q={Hash(n)[..4]}");
    }

    private static string Cursor(long n) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{1_000_000_000 + (n * 10)}\u001f\u001f"))).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static string Hash(int n) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(n)));

    private static async Task FillAsync(BenchDatabase database, int providers)
    {
        // The check digit by Luhn, as NpiNumber.Complete has it.
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            INSERT INTO providers (npi, entity, name, address_1, city, state, postal_code, phone, taxonomy, taxonomies, status, source, created_at, updated_at)
            SELECT nine * 10 + (10 - (24 + (SELECT sum(CASE WHEN d % 2 = 1 THEN (ARRAY[0,2,4,6,8,1,3,5,7,9])[1 + substr(nine::text, d, 1)::integer] ELSE substr(nine::text, d, 1)::integer END) FROM generate_series(1, 9) d)) % 10) % 10,
                'individual', upper(substr(md5(n::text), 1, 1)) || 'SAMPLE' || md5((n * 3)::text) || ', ANNA', n || ' MAIN ST', 'CITY' || n % 500, chr(65 + n % 26) || chr(65 + n * 7 % 26), '122075555', '5550100100',
                (100 + n * 13 % 300) || '000000X', ARRAY[(100 + n * 13 % 300) || '000000X'], CASE WHEN n % 97 = 0 THEN 'deactivated' ELSE 'active' END, 'benchmark', now(), now()
            FROM (SELECT n, 100000000 + n::bigint AS nine FROM generate_series(0, {providers} - 1) n) AS numbered
            """));
        await database.ExecuteAsync("INSERT INTO leads SELECT gen_random_uuid(), npi, (ARRAY['new', 'contacted', 'qualified', 'won', 'lost'])[1 + npi / 100 % 5], 'ada', now(), now() - npi % 100000 * interval '1 minute', name, state, city, taxonomy FROM providers WHERE npi / 10 % 10 = 3");
        foreach (var line in (await File.ReadAllLinesAsync(Path.Combine(Checkout.Root, "scripts", "sql", "database_indexes.sql"))).Where(line => line.StartsWith("CREATE", StringComparison.Ordinal)))
        {
            await database.ExecuteAsync(line.Replace(" CONCURRENTLY", "", StringComparison.Ordinal));
        }

        await database.SettleAsync();
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
