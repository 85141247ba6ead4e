using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

[Collection(Alone)]
public class LatencyTests
{
    /// <summary>Measures the real clock: what runs beside it would be measured too.</summary>
    private const string Alone = "Latency";

    [CollectionDefinition(Alone, DisableParallelization = true)]
    public class RunsAlone;

    [Fact]
    public async Task Answers_ComeNotBeforeTheirTime()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "latency":{"meanMs":300,"distribution":"fixed"} """), clock);
        var call = stage.GetAsync("/codeforces/api/user.rating?handle=ada");
        await Eventually.Async(() => clock.Waiting == 1, "the latency");
        clock.Advance(TimeSpan.FromMilliseconds(299));
        Assert.Equal(1, clock.Waiting);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(200, (await call).Status);
        Assert.Equal(300, Assert.Single(stage.Simulator.Calls().Calls).Ms);
    }

    [Fact]
    public async Task FiftyMilliseconds_AreFiftyByTheRealClock()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "latency":{"meanMs":50,"distribution":"fixed"} """));
        for (var i = 0; i < 41; i++) await stage.GetAsync($"/github/users/user-{i}", ("User-Agent", "tests"));
        var ms = stage.Simulator.Calls().Calls.Select(call => call.Ms).Order().ToList();
        Assert.True(ms[0] >= 50, $"The earliest answer came after {ms[0]} ms.");
        // The timer is late by 0 to 1 ms; the rest, and looking at the best quarter, is room for a machine with other work.
        Assert.True(ms[10] < 53, $"Three quarters of the answers took more than {ms[10]} ms.");
    }

    [Theory]
    [InlineData(LatencyDistribution.Fixed, 80, 80)]
    [InlineData(LatencyDistribution.Uniform, 50, 110)]
    [InlineData(LatencyDistribution.Lognormal, 10, 380)]
    public void Distributions_KeepTheirMeanAndTheirBounds(LatencyDistribution distribution, double least, double most)
    {
        var latency = new Latency { MeanMs = 80, SpreadMs = 30, Distribution = distribution };
        var ms = Enumerable.Range(1, 20_000).Select(call => LatencyDraw.Of(latency, 1, Platforms.GitHub, call).TotalMilliseconds).ToList();
        Assert.InRange(ms.Average(), 79, 81);
        Assert.InRange(ms.Min(), least, 80);
        Assert.InRange(ms.Max(), 80, most);
        if (distribution == LatencyDistribution.Lognormal) Assert.InRange(Math.Sqrt(ms.Average(x => (x - 80) * (x - 80))), 28, 32);
    }

    [Fact]
    public void Latency_FollowsFromSeedUpstreamAndNumberOfTheCall()
    {
        var latency = new Latency { MeanMs = 80, SpreadMs = 30 };
        Assert.Equal(LatencyDraw.Of(latency, 1, "github", 5), LatencyDraw.Of(latency, 1, "github", 5));
        Assert.NotEqual(LatencyDraw.Of(latency, 1, "github", 5), LatencyDraw.Of(latency, 1, "github", 6));
        Assert.NotEqual(LatencyDraw.Of(latency, 1, "github", 5), LatencyDraw.Of(latency, 2, "github", 5));
        Assert.NotEqual(LatencyDraw.Of(latency, 1, "github", 5), LatencyDraw.Of(latency, 1, "leetcode", 5));
    }

    [Fact]
    public async Task Timer_WakesManyWaitersInTimeAndNoneEarly()
    {
        using var timer = new LatencyTimer(TimeProvider.System);
        var clock = TimeProvider.System;
        var random = new Random(3);
        var late = await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => Task.Run(async () =>
        {
            var deadline = clock.GetTimestamp() + random.Next(1, 100) * clock.TimestampFrequency / 1000;
            await timer.WaitUntilAsync(deadline, CancellationToken.None);
            return clock.GetElapsedTime(deadline).TotalMilliseconds;
        })));
        Assert.True(late.Min() >= 0, $"A waiter woke {-late.Min()} ms early.");
        var quarter = late.Order().ElementAt(125);
        Assert.True(quarter < 5, $"Three quarters of the waiters woke more than {quarter} ms late.");
    }

    [Fact]
    public async Task Timer_LetsAWaiterLeave()
    {
        using var timer = new LatencyTimer(TimeProvider.System);
        using var leaving = new CancellationTokenSource();
        var wait = timer.WaitUntilAsync(long.MaxValue / 2, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }
}
