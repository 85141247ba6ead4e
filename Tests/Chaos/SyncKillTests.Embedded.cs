using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 in the middle of a sync that splits its queries.</summary>
public sealed class SyncKillTests(ITestOutputHelper output)
{
    private const int Providers = 12_000;
    private const int Kills = 2;
    private const int AtOnce = 3;

    private const string Registry = """
        {"nppes": {"providers": 0, "recorded": false, "states": {"GA": 12000}, "taxonomies": ["207R00000X", "207Q00000X"]},
         "upstreams": {"nppes": {"latency": {"meanMs": 40, "spreadMs": 0, "distribution": "fixed"}}}}
        """;

    [Fact]
    public async Task Kill_MidSync_ResumesWithoutLossOrRepetition()
    {
        await using var simulator = await RunningSimulator.StartAsync(Registry);
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, ("Upstreams__nppes__Limits", "none"));
        using var response = await service.Http.PostAsJsonAsync("/api/sync", new { specialties = new[] { "207R00000X", "207Q00000X" }, states = new[] { "GA" } });
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        var random = new Random(12);
        var (inFlight, met) = (0L, 0);
        for (var kill = 1; kill <= Kills; kill++)
        {
            var target = Providers / (Kills + 2) * kill + random.Next(500);
            await ServiceProcess.UntilAsync($"about {target} providers are stored", async () => await StoredAsync(postgres) >= target);
            await service.KillAsync();
            await ServiceProcess.UntilAsync("the simulator has noticed", () => Task.FromResult(simulator.Journal("nppes").InFlight == 0));
            var committed = await postgres.QueryAsync<long>("SELECT count(*) FROM provider_pages");
            inFlight += simulator.Journal("nppes").Keys.Distinct - committed;
            met += await postgres.QueryAsync<string>("SELECT status FROM jobs WHERE id = $1", id) == "running" ? 1 : 0;
            output.WriteLine($"kill {kill}: {await StoredAsync(postgres)} stored from {committed} pages, {simulator.Journal("nppes").Keys.Distinct - committed} pages in flight");
            await service.StartAsync();
        }

        var job = await service.EndAsync(id, TimeSpan.FromMinutes(3));
        var ledger = await service.LedgerAsync(id);
        var sync = await service.Http.GetFromJsonAsync<JsonElement>($"/api/sync/{id}");
        var journal = simulator.Journal("nppes", repeated: 0);
        output.WriteLine($"{journal.Keys.Asked} asked for {journal.Keys.Distinct}; at most {journal.MostAtOnce} at once; {sync}");

        Assert.Equal(Kills, met);
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.True(ledger.GetProperty("balanced").GetBoolean(), ledger.ToString());
        Assert.Equal((0, 0), (ledger.GetProperty("failed").GetInt32(), ledger.GetProperty("pending").GetInt32()));

        // All are there, each was counted once, and the sync knows that it is complete.
        Assert.Equal(Providers, await StoredAsync(postgres));
        Assert.Equal((Providers, Providers, 0), (Of("found"), Of("created"), Of("unchanged")));
        Assert.Equal(0, await postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE updated_at > created_at"));
        Assert.True(sync.GetProperty("complete").GetBoolean());

        // No page was asked for again but those in flight, and never more at once than allowed.
        Assert.InRange(journal.Keys.Asked - journal.Keys.Distinct, 0, inFlight);
        Assert.InRange(journal.MostAtOnce, 1, AtOnce);
        Assert.Equal(Kills + 1, await postgres.QueryAsync<long>("SELECT epoch FROM jobs WHERE id = $1", id));

        long Of(string name) => sync.GetProperty(name).GetInt64();
    }

    private static Task<long> StoredAsync(PostgresDatabase postgres) => postgres.QueryAsync<long>("SELECT count(*) FROM providers");
}
