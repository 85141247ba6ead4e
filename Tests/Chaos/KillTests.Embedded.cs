using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 while it works. The long form (20,000 items, ten kills) runs with <c>BULK_LONG_TESTS=1</c>.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("BULK_LONG_TESTS") == "1";
    private static readonly int Items = Long ? 20_000 : 12_000;
    private static readonly int Missing = Items / 100;
    private static readonly int Kills = Long ? 10 : 3;

    /// <summary>Plain single calls of 50 ms each, up to 100 at once, so that a kill always finds calls under way.</summary>
    internal const string PlainGitHub = """{"upstreams":{"github":{"latency":{"meanMs":50,"spreadMs":0,"distribution":"fixed"},"limit":null,"quota":null,"concurrency":{"max":100}}}}""";

    internal static readonly (string, string)[] PlainGitHubSettings = [("Upstreams__github__Limits", "none"), ("Upstreams__github__Concurrency", "100")];

    [Fact]
    public async Task Kill_MidJob_ResumesWithoutRepeatingCommittedWork()
    {
        await using var simulator = await RunningSimulator.StartAsync(PlainGitHub);
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, PlainGitHubSettings);
        await service.RegisterAsync("github", Enumerable.Range(0, Items).Select(number => number % 100 == 50 ? $"missing-{number}" : $"user-{number}"));
        var id = await service.RefreshAsync("github");

        var random = new Random(20_000);
        var inFlight = 0L; // asked for, and not committed, at the moments of the kills
        for (var kill = 1; kill <= Kills; kill++)
        {
            var target = Items / (Kills + 2) * kill + random.Next(600);
            await ServiceProcess.UntilAsync($"about {target} items are done", async () => await CommittedAsync(postgres, id) >= target);
            await service.KillAsync();
            await ServiceProcess.UntilAsync("the simulator has noticed", () => Task.FromResult(simulator.Journal("github").InFlight == 0));
            var (asked, committed) = (simulator.Journal("github").Keys.Distinct, await CommittedAsync(postgres, id));
            inFlight += asked - committed;
            output.WriteLine($"kill {kill}: {committed} committed, {asked - committed} in flight");
            Assert.Equal("running", await postgres.QueryAsync<string>("SELECT status FROM jobs WHERE id = $1", id));
            await service.StartAsync();
        }

        var job = await service.EndAsync(id, TimeSpan.FromMinutes(3));
        var ledger = await service.LedgerAsync(id);
        var journal = simulator.Journal("github", repeated: 0);
        output.WriteLine($"{journal.Keys.Asked} asked for {journal.Keys.Distinct}; at most {journal.MostAtOnce} at once");

        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.True(ledger.GetProperty("balanced").GetBoolean(), ledger.ToString());
        Assert.Equal((Items, Items - Missing, Missing, 0), (Count("submitted"), Count("succeeded"), Count("failed"), Count("pending")));

        // No result is lost and none is written twice: each found profile has changed once, from nothing to what it is.
        Assert.Equal(Items - Missing, await postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE state = 'found'"));
        Assert.Equal(Items - Missing, await postgres.QueryAsync<long>("SELECT count(*) FROM coding_profile_history"));
        Assert.Equal(Missing, await postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE state = 'missing'"));
        Assert.Equal(Missing, await postgres.QueryAsync<long>("SELECT count(DISTINCT ordinal) FROM failures WHERE job_id = $1", id));

        // No more was asked again than what was in flight, and the upstream never saw more at once than it bears.
        Assert.Equal(Items, journal.Keys.Distinct);
        Assert.InRange(journal.Keys.Asked - Items, 0, inFlight);
        Assert.InRange(journal.MostAtOnce, 1, 100);
        Assert.Equal(Kills + 1, await postgres.QueryAsync<long>("SELECT epoch FROM jobs WHERE id = $1", id));

        int Count(string name) => ledger.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Kill_WhilePlanning_PlansEveryItemOnce()
    {
        await using var simulator = await RunningSimulator.StartAsync(PlainGitHub);
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, [.. PlainGitHubSettings, ("Upstreams__github__Concurrency", "1")]);
        await postgres.ExecuteAsync("INSERT INTO coding_profiles (id, platform, handle, handle_key) SELECT gen_random_uuid(), 'github', 'user-' || n, 'user-' || n FROM generate_series(1, 100000) n");
        var id = await service.RefreshAsync("github");
        await ServiceProcess.UntilAsync("a part is planned", async () => await postgres.QueryAsync<long>("SELECT planned FROM jobs WHERE id = $1", id) > 0);

        await service.KillAsync();
        output.WriteLine($"killed with {await postgres.QueryAsync<long>("SELECT planned FROM jobs WHERE id = $1", id)} planned");
        await service.StartAsync();

        await ServiceProcess.UntilAsync("all is planned", () => postgres.QueryAsync<bool>("SELECT plan_done FROM jobs WHERE id = $1", id));
        Assert.Equal(100_000, await postgres.QueryAsync<long>("SELECT sum(length(outcomes))::bigint FROM chunks WHERE job_id = $1", id));
        Assert.Equal(100_000, await postgres.QueryAsync<long>("SELECT count(DISTINCT item->>0) FROM chunks, json_array_elements(items) item WHERE job_id = $1", id));
    }

    [Fact]
    public async Task Stop_MidJob_CommitsWhatWasInFlight_AndRepeatsNothing()
    {
        await using var simulator = await RunningSimulator.StartAsync(PlainGitHub);
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, PlainGitHubSettings);
        await service.RegisterAsync("github", Enumerable.Range(0, 4000).Select(number => $"user-{number}"));
        var id = await service.RefreshAsync("github");
        await ServiceProcess.UntilAsync("some are done", async () => await CommittedAsync(postgres, id) > 500);

        Assert.Equal(0, await service.StopAsync());
        Assert.Equal(simulator.Journal("github").Keys.Distinct, await CommittedAsync(postgres, id));
        await service.StartAsync();
        await service.EndAsync(id);

        Assert.Equal(4000, simulator.Journal("github").Keys.Asked);
        Assert.True((await service.LedgerAsync(id)).GetProperty("balanced").GetBoolean());
    }

    private static Task<long> CommittedAsync(PostgresDatabase postgres, Guid id) =>
        postgres.QueryAsync<long>("SELECT coalesce(sum(length(replace(outcomes, '.', ''))), 0)::bigint FROM chunks WHERE job_id = $1", id);
}
