using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class LimitTests
{
    private const string Path = "/codeforces/api/user.rating?handle=ada";

    private static string Limit(int calls, double perSeconds, string more = "") =>
        Stage.Upstream("codeforces", $$""" "limit":{"calls":{{calls}},"perSeconds":{{perSeconds}},"status":429{{more}}} """);

    [Fact]
    public async Task Window_SlidesWithTheClockToTheMillisecond()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Limit(2, 2), clock);
        var statuses = new List<int>();
        async Task AskAfterAsync(int ms)
        {
            clock.Advance(TimeSpan.FromMilliseconds(ms));
            statuses.Add((await stage.GetAsync(Path)).Status);
        }

        foreach (var ms in new[] { 0, 500, 1499, 1, 499, 1 }) await AskAfterAsync(ms);

        // Arrivals at 0, 500, 1999, 2000, 2499 and 2500 ms: the window of 2 s has room again at 2000 and at 2500.
        Assert.Equal([200, 200, 429, 200, 429, 200], statuses);
        Assert.Equal(2, stage.Simulator.Journal(Platforms.Codeforces).Refused.OverLimit);
    }

    [Fact]
    public async Task Refusal_ComesAtOnceAndUsesNothingUp()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Limit(1, 2), clock);
        await stage.GetAsync(Path);
        stage.Simulator.Change(Stage.Upstream("codeforces", """ "latency":{"meanMs":1000} """));
        for (var i = 0; i < 5; i++) Assert.Equal(429, (await stage.GetAsync(Path)).Status);

        clock.Advance(TimeSpan.FromSeconds(2));
        var admitted = stage.GetAsync(Path);
        await Eventually.Async(() => clock.Waiting > 0, "the latency of the admitted call");
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(200, (await admitted).Status);
    }

    [Theory]
    [InlineData(""","retryAfter":{"seconds":1.2}""", "2")]
    [InlineData(""","retryAfter":{"seconds":1.5,"form":"fraction"}""", "1.5")]
    [InlineData(""","retryAfter":{"seconds":3,"form":"date"}""", "Mon, 05 Jan 2026 12:00:03 GMT")]
    [InlineData("", null)]
    public async Task RetryAfter_IsWrittenInTheWantedForm(string retryAfter, string? expected)
    {
        await using var stage = await Stage.StartAsync(Limit(1, 2, retryAfter), new ManualClock());
        await stage.GetAsync(Path);
        Assert.Equal(expected, (await stage.GetAsync(Path)).Header("Retry-After"));
    }

    [Fact]
    public async Task AChangeElsewhere_LeavesTheWindowAsItIsAndANewScenarioEmptiesIt()
    {
        await using var stage = await Stage.StartAsync(Limit(1, 3600), new ManualClock());
        await stage.GetAsync(Path);
        stage.Simulator.Change("""{"revision":1}""");
        Assert.Equal(429, (await stage.GetAsync(Path)).Status);
        stage.Simulator.Replace(Stage.Upstream("codeforces", """ "latency":null,"limit":{"calls":1,"perSeconds":3600,"status":429} """));
        Assert.Equal(200, (await stage.GetAsync(Path)).Status);
    }

    [Fact]
    public async Task Concurrency_RefusesOneTooManyAndAdmitsAgainWhenOneIsOver()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("leetcode", """
            "concurrency":{"max":2,"status":429,"retryAfter":{"seconds":4}}, "latency":{"meanMs":100,"distribution":"fixed"}
            """), clock);
        const string path = "/leetcode/graphql";
        var working = Enumerable.Range(0, 2).Select(_ => stage.GetAsync(path)).ToList();
        await Eventually.Async(() => clock.Waiting == 2, "two calls being worked on");

        var refused = await stage.GetAsync(path);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await Task.WhenAll(working);
        var later = stage.GetAsync(path);
        await Eventually.Async(() => clock.Waiting == 1, "the later call being worked on");
        clock.Advance(TimeSpan.FromMilliseconds(100));

        Assert.Equal((429, "4"), (refused.Status, refused.Header("Retry-After")));
        Assert.Equal(200, (await later).Status);
        var report = stage.Simulator.Journal(Platforms.LeetCode);
        Assert.Equal((1, 3), (report.Refused.OverConcurrency, report.MostAtOnce));
    }

    [Fact]
    public async Task AClientThatLeaves_FreesItsPlace()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("leetcode", """ "concurrency":{"max":1}, "faults":[{"kind":"hang","nextCalls":1}] """));
        using var leaving = new CancellationTokenSource();
        var hanging = stage.SendAsync(Stage.Request(HttpMethod.Get, "/leetcode/graphql", null), leaving.Token);
        await Eventually.Async(() => stage.Simulator.Journal(Platforms.LeetCode).InFlight == 1, "the hanging call");
        Assert.Equal(429, (await stage.GetAsync("/leetcode/graphql")).Status);

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hanging);
        await Eventually.Async(() => stage.Simulator.Journal(Platforms.LeetCode).InFlight == 0, "the end of the hanging call");

        Assert.Equal(200, (await stage.GetAsync("/leetcode/graphql")).Status);
        Assert.Equal(1, stage.Simulator.Journal(Platforms.LeetCode).Aborted);
    }
}
