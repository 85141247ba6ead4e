using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Simulator;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

/// <summary>Two silos' gates that share one upstream through its grain; what the upstream saw is told by the simulator's journal.</summary>
[Trait("Category", "Grains")]
public sealed class SharedBudgetTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    [Fact]
    public async Task TwoSilos_TogetherKeepTheLimits_AndBothAreServed()
    {
        await using var simulator = await RunningSimulator.StartAsync(
            """{"upstreams":{"github":{"latency":{"meanMs":30},"quota":null,"concurrency":{"max":6},"limit":{"calls":20,"perSeconds":1,"status":429}}}}""");
        var upstream = Upstream(simulator) with { Concurrency = 6, Limits = [new CallLimit(20, TimeSpan.FromSeconds(1))] };
        await using var cluster = await StartAsync(upstream);
        await using var first = Gates(cluster, upstream, "first");
        await using var second = Gates(cluster, upstream, "second");

        var served = await Task.WhenAll(CallAsync(first, 40), CallAsync(second, 40));

        var journal = simulator.Journal("github");
        Assert.Equal([40, 40], served);
        Assert.Equal((80, 0), (journal.Calls, journal.Refused.Total));
        Assert.InRange(journal.MostInLimitWindow!.Value, 1, 20);
        Assert.InRange(journal.MostAtOnce, 1, 6);
    }

    [Fact]
    public async Task OneCallAtATime_GoesRoundInTurns()
    {
        await using var simulator = await RunningSimulator.StartAsync(
            """{"upstreams":{"github":{"latency":{"meanMs":10},"quota":null,"concurrency":{"max":1},"limit":null}}}""");
        var upstream = Upstream(simulator) with { Concurrency = 1, Limits = [] };
        await using var cluster = await StartAsync(upstream);
        await using var first = Gates(cluster, upstream, "first");
        await using var second = Gates(cluster, upstream, "second");

        // Enough calls that neither is done before its turn is over and the other's has come.
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var counts = new int[2];
        var calling = new[] { first, second }.Select((gates, silo) => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested && !(counts[0] > 20 && counts[1] > 20))
            {
                counts[silo] += await CallAsync(gates, 1);
            }
        })).ToArray();
        await Task.WhenAll(calling);

        Assert.True(counts[0] > 20 && counts[1] > 20, $"One silo starved: {counts[0]} and {counts[1]} calls.");
        Assert.Equal(1, simulator.Journal("github").MostAtOnce);
        Assert.Equal(0, simulator.Journal("github").Refused.Total);
    }

    [Fact]
    public async Task ShareGivenBack_CountsUntilItsPeriodIsOver()
    {
        await using var simulator = await RunningSimulator.StartAsync();
        var upstream = Upstream(simulator) with { Concurrency = 3, Limits = [new CallLimit(1, TimeSpan.FromMinutes(1))] };
        await using var cluster = await StartAsync(upstream);
        var grain = cluster.Grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("github"));

        var lease = await grain.RenewAsync(new RenewLease("first", 1, 0));
        await grain.ReleaseAsync(new ReleaseLease("first", 0));
        var other = await grain.RenewAsync(new RenewLease("second", 1, 0));

        Assert.Equal(3, lease.Concurrency);
        Assert.Equal(1, Assert.Single(lease.Share));
        Assert.Equal(3, other.Concurrency);
        Assert.Equal(0, Assert.Single(other.Share)); // the first one's call may still be in the window
    }

    [Fact]
    public async Task LoweredLimits_AreKeptByBothSilos_AndOutliveTheGrain()
    {
        await using var simulator = await RunningSimulator.StartAsync(
            """{"upstreams":{"github":{"latency":{"meanMs":20},"quota":null,"concurrency":{"max":6},"limit":{"calls":20,"perSeconds":1,"status":429}}}}""");
        var upstream = Upstream(simulator) with { Concurrency = 6, Limits = [new CallLimit(20, TimeSpan.FromSeconds(1))] };
        await using (var cluster = await StartAsync(upstream))
        {
            await using var first = Gates(cluster, upstream, "first");
            await using var second = Gates(cluster, upstream, "second");
            Assert.Equal(20, (await Task.WhenAll(CallAsync(first, 10), CallAsync(second, 10))).Sum());

            var inForce = await cluster.Grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("github")).SetLimitsAsync(new SetLimits(2, 4, "tester"));

            Assert.Equal((2, 4), (inForce.Concurrency, inForce.Calls.Single()));
            await Task.Delay(LeasesEnd); // what was given before
            await AssertKeptAsync(simulator, first, second);

            await cluster.Grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("github")).SetLimitsAsync(new SetLimits(2, 4, "tester"));
        }

        await using var next = await StartAsync(upstream); // knows only what the database knows
        await using var third = Gates(next, upstream, "third");
        await using var fourth = Gates(next, upstream, "fourth");
        await AssertKeptAsync(simulator, third, fourth);

        var raised = await next.Grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("github")).SetLimitsAsync(new SetLimits(100, 1000, "tester"));
        Assert.Equal((6, 20), (raised.Concurrency, raised.Calls.Single())); // never above the configuration
        await next.Grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("github")).SetLimitsAsync(new SetLimits(null, null, "tester"));
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM upstream_limits"));
    }

    private static readonly TimeSpan LeasesEnd = TimeSpan.FromSeconds(2.5);

    private static async Task AssertKeptAsync(RunningSimulator simulator, UpstreamGates first, UpstreamGates second)
    {
        simulator.ResetJournal();
        Assert.Equal(10, (await Task.WhenAll(CallAsync(first, 5), CallAsync(second, 5))).Sum());
        var journal = simulator.Journal("github");
        Assert.Equal((10, 0), (journal.Calls, journal.Refused.Total));
        Assert.InRange(journal.MostInOneSecond, 1, 4);
        Assert.InRange(journal.MostAtOnce, 1, 2);
    }

    private static UpstreamOptions Upstream(RunningSimulator simulator) => new() { Name = "github", BaseUrl = new Uri(simulator.Url("github")) };

    private Task<GrainCluster> StartAsync(UpstreamOptions upstream) => GrainCluster.StartAsync(services =>
    {
        services.AddMetrics();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => new Database(database.ConnectionString)); // made and disposed by each silo
        services.AddSingleton<UpstreamLimitStore>();
        services.AddSingleton(new UpstreamCatalog([upstream]));
    });

    private static UpstreamGates Gates(GrainCluster cluster, UpstreamOptions upstream, string silo) => new(
        new UpstreamCatalog([upstream]), cluster.Grains, new SiloIdentity(silo, OwnsCluster: false), TimeProvider.System,
        new UpstreamMetrics(cluster.Services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()), NullLogger<UpstreamGates>.Instance);

    /// <summary>Makes calls until so many have been answered; those that are put off are made again.</summary>
    private static async Task<int> CallAsync(UpstreamGates gates, int calls)
    {
        var client = gates.Client("github");
        var budget = new CallBudget(new FlowTicket("test", 0), TimeSpan.FromSeconds(5), 0);
        var answered = await Task.WhenAll(Enumerable.Range(0, calls).Select(async number =>
        {
            for (var tries = 0; tries < 20; tries++)
            {
                var result = await client.SendAsync(budget, () => Request(client, number), (response, _) => Task.FromResult<CallResult>(
                    response.IsSuccessStatusCode ? new CallAnswered<int>(number) : new CallThrottled(null, "too many calls")), CancellationToken.None);
                if (result is CallAnswered<int>)
                {
                    return 1;
                }
            }

            return 0;
        }));
        return answered.Sum();
    }

    private static HttpRequestMessage Request(UpstreamClient client, int number) =>
        new(HttpMethod.Get, $"{client.Options.BaseUrl}/users/user-{number}") { Headers = { { "User-Agent", "tests" } } };
}
