using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Simulator;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class ScenarioTests
{
    private static Task<Answer> SendAsync(Stage stage, HttpMethod method, string document) =>
        stage.SendAsync(Stage.Request(method, "/__scenario", new StringContent(document)));

    [Fact]
    public async Task Get_TellsEveryUpstreamInFull()
    {
        await using var stage = await Stage.StartAsync();
        var scenario = (await stage.GetAsync("/__scenario")).Json;
        Assert.Equal(1, scenario.GetProperty("seed").GetInt32());
        Assert.Equal(Platforms.All, scenario.GetProperty("upstreams").EnumerateObject().Select(upstream => upstream.Name));
        Assert.Equal(JsonValueKind.Null, scenario.GetProperty("upstreams").GetProperty("github").GetProperty("limit").ValueKind);
    }

    [Fact]
    public async Task WhatGetTells_CanBePutBack()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{}, "faults":[{"kind":"status","status":429,"retryAfter":{"seconds":1.5,"form":"fraction"},"everyNth":3}] """));
        var told = (await stage.GetAsync("/__scenario")).Body;
        var answer = await SendAsync(stage, HttpMethod.Put, told);
        Assert.Equal((200, told), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Put_StartsFromTheDefaultsAndPatchFromWhatIs()
    {
        await using var stage = await Stage.StartAsync();

        await SendAsync(stage, HttpMethod.Put, """{"seed":7}""");
        Assert.Equal(new Scenario().Upstreams[Platforms.Codeforces].Limit, stage.Simulator.Scenario.Upstreams[Platforms.Codeforces].Limit);
        await SendAsync(stage, HttpMethod.Patch, """{"upstreams":{"codeforces":{"latency":{"meanMs":5}}}}""");

        Assert.Equal(7, stage.Simulator.Scenario.Seed);
        Assert.Equal(new Latency { MeanMs = 5, SpreadMs = 60 }, stage.Simulator.Scenario.Upstreams[Platforms.Codeforces].Latency);
    }

    [Fact]
    public async Task Null_MeansNoneAndNotTheDefault()
    {
        await using var stage = await Stage.StartAsync();
        await SendAsync(stage, HttpMethod.Put, """{"upstreams":{"codeforces":{"limit":null}}}""");
        Assert.Null(stage.Simulator.Scenario.Upstreams[Platforms.Codeforces].Limit);
    }

    [Theory]
    [InlineData("""{"sead":1}""", "sead")]
    [InlineData("""{"upstreams":{"codeforses":{}}}""", "codeforses")]
    [InlineData("""{"upstreams":{"github":null}}""", "github")]
    [InlineData("""{"upstreams":{"github":{"limit":{"calls":0}}}}""", "upstreams.github.limit.calls is 0")]
    [InlineData("""{"upstreams":{"github":{"limit":{"status":418}}}}""", "200, 403, 429 or 503")]
    [InlineData("""{"upstreams":{"github":{"faults":[{"kind":"sulk"}]}}}""", "faults[0].kind")]
    [InlineData("""{"upstreams":{"github":{"faults":[{"kind":"missingField"}]}}}""", "faults[0].field")]
    [InlineData("""{"upstreams":{"github":{"faults":[{"kind":"renamedField","field":"a"}]}}}""", "faults[0].to")]
    [InlineData("""{"upstreams":{"github":{"faults":[{"kind":"hang","probability":1.5}]}}}""", "above 0, to 1")]
    [InlineData("""{"upstreams":{"github":{"faults":[null]}}}""", "faults[0]")]
    [InlineData("""{"revision":-1}""", "revision is -1")]
    [InlineData("""{"changedPerRevision":2}""", "0 to 1")]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "not JSON")]
    [InlineData("", "not JSON")]
    public async Task WhatCannotBe_Is400WithTheReasonAndChangesNothing(string document, string reason)
    {
        await using var stage = await Stage.StartAsync();
        var before = stage.Simulator.Scenario;
        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Patch })
        {
            var answer = await SendAsync(stage, method, document);
            Assert.Equal((400, "application/problem+json"), (answer.Status, answer.ContentType));
            Assert.Contains(reason, answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        Assert.Same(before, stage.Simulator.Scenario);
    }

    [Fact]
    public async Task Seed_ChangesTheData()
    {
        await using var stage = await Stage.StartAsync();
        var one = (await stage.GetAsync("/codeforces/api/user.rating?handle=ada")).Body;
        stage.Simulator.Change("""{"seed":2}""");
        Assert.NotEqual(one, (await stage.GetAsync("/codeforces/api/user.rating?handle=ada")).Body);
    }

    [Fact]
    public async Task Revision_ChangesTheAnswersOfChangedAccountsOnly()
    {
        await using var stage = await Stage.StartAsync("""{"changedPerRevision":0.5}""");
        var users = Enumerable.Range(0, 40).Select(i => $"user{i}").ToList();
        var before = new List<string>();
        foreach (var user in users) before.Add((await stage.GetAsync($"/codeforces/api/user.info?handles={user}")).Body);

        stage.Simulator.Change("""{"revision":1}""");

        for (var i = 0; i < users.Count; i++)
        {
            var after = (await stage.GetAsync($"/codeforces/api/user.info?handles={users[i]}")).Body;
            Assert.Equal(stage.World.ChangedSince(Platforms.Codeforces, users[i], 0), after != before[i]);
        }
    }

    [Fact]
    public async Task AFileAndTheConfiguration_SetTheFirstScenario()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(file, """{"seed":5,"revision":2,"upstreams":{"github":{"quota":{"limit":10}}}}""");
        try
        {
            await using var app = SimulatorApp.Build(["--urls", "http://127.0.0.1:0", "--Scenario", file, "--Scenario:seed=9", "--Scenario:upstreams:GitHub:limit:calls=3", "--Scenario:upstreams:leetcode:faults:0:kind=hang"]);
            var scenario = app.Services.GetRequiredService<ScenarioStore>().Current.Scenario;
            Assert.Equal((9, 2), (scenario.Seed, scenario.Revision));
            Assert.Equal((10, 3), (scenario.Upstreams[Platforms.GitHub].Quota!.Limit, scenario.Upstreams[Platforms.GitHub].Limit!.Calls));
            Assert.Equal(FaultKind.Hang, Assert.Single(scenario.Upstreams[Platforms.LeetCode].Faults).Kind);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void AFirstScenarioThatCannotBe_StopsTheStart() =>
        Assert.Throws<InvalidScenarioException>(() => SimulatorApp.Build(["--Scenario:revision=-3"]));

    [Fact]
    public async Task ByDefault_OnlyThisMachineIsListenedTo()
    {
        Assert.True(new Uri(SimulatorApp.DefaultUrl).IsLoopback);
        await using var stage = await Stage.StartAsync();
        Assert.Equal("ok", (await stage.GetAsync("/healthz")).Body);
    }
}
