using System.Text.Json;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class JournalTests
{
    private const string Info = "/codeforces/api/user.info?handles=";

    [Fact]
    public async Task Calls_AreCountedByStatusClassOperationAndRefusal()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "limit":{"calls":4,"perSeconds":3600,"status":503}, "faults":[{"kind":"status","status":500,"operation":"user.status"}] """));
        await stage.GetAsync(Info + "ada");
        await stage.GetAsync(Info + "missing_bo");
        await stage.GetAsync("/codeforces/api/user.rating?handle=ada");
        await stage.GetAsync("/codeforces/api/user.status?handle=ada");
        await stage.GetAsync(Info + "ada");

        var report = stage.Simulator.Journal(Platforms.Codeforces);

        Assert.Equal(5, report.Calls);
        Assert.Equal(new StatusClasses(2, 0, 1, 2), report.Answered);
        Assert.Equal(new Refusals(1, 0, 0, 0), report.Refused);
        Assert.Equal((3, 1, 1), (report.Operations["user.info"], report.Operations["user.rating"], report.Operations["user.status"]));
        Assert.Equal(1, report.Faults["status"]);
    }

    [Fact]
    public async Task Keys_AreTheHandlesOfEveryBatchWithoutCase()
    {
        await using var stage = await Stage.StartAsync();
        await stage.GetAsync(Info + "ada;zoe;mia");
        await stage.GetAsync(Info + "ADA;bob");
        await stage.GetAsync(Info + "ada;missing_bo;tim");
        await stage.GetAsync("/codeforces/api/user.rating?handle=zoe");

        var keys = stage.Simulator.Journal(Platforms.Codeforces).Keys;

        // ada, zoe, mia, bob, missing_bo, tim by user.info, and zoe by user.rating.
        Assert.Equal((7, 9, 6, 1), (keys.Distinct, keys.Asked, keys.Answered, keys.NotFound));
        Assert.Equal((1, 1), (keys.AskedRepeatedly, keys.AnsweredRepeatedly));
        Assert.Equal(new RepeatedKey("user.info", "ada", 3, 2, 0), Assert.Single(keys.Repeated));
    }

    [Fact]
    public async Task Repeated_ListsTheMostAskedFirstAndNoMoreThanWanted()
    {
        await using var stage = await Stage.StartAsync();
        foreach (var handles in new[] { "ada;zoe;mia", "ada;zoe", "ada" }) await stage.GetAsync(Info + handles);
        Assert.Equal(["ada", "zoe"], stage.Simulator.Journal(Platforms.Codeforces).Keys.Repeated.Select(key => key.Key));
        Assert.Equal("ada", Assert.Single(stage.Simulator.Journal(Platforms.Codeforces, repeated: 1).Keys.Repeated).Key);
    }

    [Fact]
    public async Task MostAtOnce_IsTheMostThatWereOpenTogether()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "latency":{"meanMs":100,"distribution":"fixed"} """), clock);
        var calls = Enumerable.Range(0, 7).Select(i => stage.GetAsync($"{Info}user{i}")).ToList();
        await Eventually.Async(() => clock.Waiting == 7, "seven calls");
        Assert.Equal(7, stage.Simulator.Journal(Platforms.Codeforces).InFlight);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await Task.WhenAll(calls);

        var report = stage.Simulator.Journal(Platforms.Codeforces);
        Assert.Equal((7, 0), (report.MostAtOnce, report.InFlight));
    }

    [Fact]
    public async Task AClientThatAsksOneAfterTheOther_IsNeverSeenWithTwo()
    {
        await using var stage = await Stage.StartAsync();
        for (var i = 0; i < 500; i++) await stage.GetAsync($"{Info}user{i}");
        Assert.Equal(1, stage.Simulator.Journal(Platforms.Codeforces).MostAtOnce);
    }

    [Fact]
    public async Task SixteenClients_AreNeverSeenWithSeventeen()
    {
        await using var stage = await Stage.StartAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => await stage.GetAsync($"{Info}user{i}"));
        var report = stage.Simulator.Journal(Platforms.Codeforces);
        Assert.InRange(report.MostAtOnce, 2, 16);
        Assert.Equal((2000, 2000, 2000), (report.Calls, report.Answered.Ok2xx, report.Keys.Answered));
    }

    [Fact]
    public async Task Rates_AreTheHighestOfAnyWindow()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "limit":{"calls":100,"perSeconds":2} """), clock);
        foreach (var ms in new[] { 0, 700, 200, 300, 1700 })
        {
            clock.Advance(TimeSpan.FromMilliseconds(ms));
            await stage.GetAsync(Info + "ada");
        }

        // At 0, 700, 900, 1200 and 2900 ms: three within a second, four within two.
        var report = stage.Simulator.Journal(Platforms.Codeforces);
        Assert.Equal((3, 4, 2000), (report.MostInOneSecond, report.MostInLimitWindow, report.LimitWindowMs));
        Assert.Equal(TimeSpan.FromMilliseconds(2900), report.Last - report.First);
    }

    [Fact]
    public async Task Rates_CountRefusedCallsToo()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "limit":{"calls":1,"perSeconds":2} """), new ManualClock());
        for (var i = 0; i < 3; i++) await stage.GetAsync(Info + "ada");
        Assert.Equal(3, stage.Simulator.Journal(Platforms.Codeforces).MostInLimitWindow);
    }

    [Fact]
    public async Task Delete_ForgetsEverythingButCallsThatAreOpen()
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "latency":{"meanMs":100,"distribution":"fixed"} """), clock);
        var open = stage.GetAsync(Info + "ada");
        await Eventually.Async(() => clock.Waiting == 1, "the open call");

        await stage.SendAsync(Stage.Request(HttpMethod.Delete, "/__journal", null));
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await open;
        var next = stage.GetAsync(Info + "zoe");
        await Eventually.Async(() => clock.Waiting == 1, "the next call");
        var report = stage.Simulator.Journal(Platforms.Codeforces);
        clock.Advance(TimeSpan.FromMilliseconds(100));
        await next;

        Assert.Equal((1, 1, 1), (report.Calls, report.InFlight, report.MostAtOnce));
        Assert.Equal(1, report.Keys.Distinct);
    }

    [Fact]
    public async Task OverHttp_TheReportReadsBackAsItsRecord()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", """ "limit":{"calls":9,"perSeconds":2} """));
        await stage.GetAsync(Info + "ada;ada");

        var one = await stage.GetAsync("/__journal?upstream=codeforces");
        var all = await stage.GetAsync("/__journal");

        var report = JsonSerializer.Deserialize<JournalReport>(one.Body, JsonSerializerOptions.Web)!;
        Assert.Equivalent(stage.Simulator.Journal(Platforms.Codeforces), Assert.Single(report.Upstreams).Value, strict: true);
        Assert.Equal(Platforms.All, all.Json.GetProperty("upstreams").EnumerateObject().Select(upstream => upstream.Name));
    }

    [Fact]
    public async Task RecentCalls_ArePagedByNumber()
    {
        await using var stage = await Stage.StartAsync();
        for (var i = 0; i < 5; i++) await stage.GetAsync($"{Info}user{i};other");

        var first = (await stage.GetAsync("/__journal/calls?limit=3")).Json;
        var rest = (await stage.GetAsync($"/__journal/calls?after={first.GetProperty("next")}&limit=3")).Json;

        Assert.Equal(["user0", "user1", "user2"], first.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("firstKey").GetString()));
        Assert.Equal(["user3", "user4"], rest.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("firstKey").GetString()));
        var call = first.GetProperty("calls")[0];
        Assert.Equal(("codeforces", "/codeforces/api/user.info", 2, 200), (call.GetProperty("upstream").GetString(), call.GetProperty("path").GetString(), call.GetProperty("keys").GetInt32(), call.GetProperty("status").GetInt32()));
    }

    [Fact]
    public void Ring_KeepsTheNewest()
    {
        var ring = new CallRing(4);
        for (var i = 1; i <= 6; i++) ring.Add(new JournalCall(0, default, i, i % 2 == 0 ? "a" : "b", "", "", 0, null, 200, 0, "answered", null));
        Assert.Equal([3, 4, 5, 6], ring.After(0, 10, null).Calls.Select(call => call.Number));
        Assert.Equal([4, 6], ring.After(0, 10, "a").Calls.Select(call => call.Number));
        var page = ring.After(3, 2, null);
        Assert.Equal([4, 5], page.Calls.Select(call => call.Number));
        Assert.Equal(5, page.Next);
        Assert.Empty(ring.After(6, 2, null).Calls);
    }
}
