using System.Diagnostics;
using System.Globalization;
using OrleansBulk.Benchmarks.Support;
using OrleansBulk.Providers;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>What the database does for 1,200 providers, all that one query of the registry can reach: new ones, the same again, and changed ones.</summary>
internal sealed class ProvidersScenario : IScenario
{
    private const int Providers = 1200;
    private const double MostMilliseconds = 150;

    public string Name => "providers";

    public string Summary => "The database part of 1,200 providers, written as a sync's commits write them: at most 150 ms, whether they are new, known or changed.";

    public async Task<ScenarioResult> RunAsync(Bench bench)
    {
        var rounds = bench.Short ? 5 : 40;
        await using var database = await BenchDatabase.CreateAsync(bench);
        var (created, unchanged, updated) = (new List<double>(), new List<double>(), new List<double>());
        await RoundAsync(database, -1, null, null, null); // warmed up
        for (var round = 0; round < rounds; round++)
        {
            await database.SettleAsync();
            await RoundAsync(database, round, created, unchanged, updated);
        }

        var rows = new[] { ("new", created), ("known, unchanged", unchanged), ("changed", updated) };
        return new ScenarioResult
        {
            Columns = ["providers", "median, ms", "worst, ms", "providers/s"],
            Rows = [.. rows.Select(row => (IReadOnlyList<string>)[row.Item1, Number(Median.Of(row.Item2)), Number(row.Item2.Max()), (Providers * 1000 / Median.Of(row.Item2)).ToString("N0", CultureInfo.InvariantCulture)])],
            Promises = [.. rows.Select(row => new Promise($"providers: {Providers:N0} {row.Item1}, ms in the database", $"≤ {MostMilliseconds:0}", Number(Median.Of(row.Item2)), Median.Of(row.Item2) <= MostMilliseconds))],
            Figures = rows.ToDictionary(row => $"{row.Item1}: median ms", row => Median.Of(row.Item2)),
            Notes = [$"Medians of {rounds} rounds over tables that grow by {Providers:N0} providers a round; one transaction with six pages of 200: found, providers with their full answer, counts, parts, pages, and the commit."],
        };
    }

    private static async Task RoundAsync(BenchDatabase database, int round, List<double>? created, List<double>? unchanged, List<double>? updated)
    {
        created?.Add(await WriteAsync(database, round, "5550100100"));
        unchanged?.Add(await WriteAsync(database, round, "5550100100"));
        updated?.Add(await WriteAsync(database, round, "5550100199"));
        if (created is null)
        {
            await WriteAsync(database, round, "5550100100");
        }
    }

    /// <summary>Six pages in one transaction, under a job of their own.</summary>
    private static async Task<double> WriteAsync(BenchDatabase database, int round, string phone)
    {
        var job = await database.QueryAsync<Guid>("""
            INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by)
            VALUES (gen_random_uuid(), 'provider-sync', '{}', 'paused', 'standard', 3, '', 'benchmark') RETURNING id
            """);
        var query = new RegistryQuery(1, "207R00000X", "Internal Medicine", "GA", PostalCode: (10000 + round).ToString(CultureInfo.InvariantCulture));
        var writes = Enumerable.Range(0, RegistryQuery.Pages).Select(page =>
        {
            var providers = Enumerable.Range(0, RegistryQuery.PageRows).Select(row => Provider((round + 1) * Providers + page * RegistryQuery.PageRows + row, phone)).ToList();
            long[] npis = [.. providers.Select(provider => provider.Npi)];
            return ((PageWrite)new PageRead(new RegistryPart(query, page), npis, npis, providers, false, [], TimeProvider.System.GetUtcNow()), TimeProvider.System.GetUtcNow());
        }).ToList();
        await using var connection = await database.Source.OpenConnectionAsync();
        var started = Stopwatch.GetTimestamp();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await SyncWriter.WriteAsync(connection, job, writes, CancellationToken.None);
            await transaction.CommitAsync();
        }

        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static ProviderRecord Provider(int number, string phone) => new()
    {
        Npi = NpiNumber.Complete(100_000_000 + number),
        Entity = "individual",
        LastName = $"SAMPLE {number % 7919}",
        FirstName = "JANE",
        MiddleName = "J",
        Credential = "MD",
        Sex = "F",
        Phone = phone,
        Fax = "5550100101",
        Practice = new ProviderAddress($"{number} MAIN ST", null, "FAIRVIEW", "GA", $"{30000 + number % 1000}0001", "US"),
        Mailing = new ProviderAddress($"PO BOX {number}", null, "FAIRVIEW", "GA", "300010001", "US"),
        Taxonomy = "207R00000X",
        Taxonomies = ["207R00000X", "207RC0000X"],
        EnumeratedOn = new DateOnly(2019, 3, 4),
        LastUpdatedOn = new DateOnly(2023, 3, 9),
        // As large as the registry's answers are.
        Answer = $$"""{"number":"{{number}}","basic":{"first_name":"JANE","last_name":"SAMPLE","telephone":"{{phone}}","status":"A"},"filler":[{{string.Join(',', Enumerable.Range(0, 24).Select(i => $$"""{"code":"{{i}}","address_1":"{{number * 31 + i}} MAIN ST","city":"FAIRVIEW","state":"GA"}"""))}}]}""",
    };

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
