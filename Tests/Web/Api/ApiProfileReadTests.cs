using System.Net;
using System.Text.Json;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Api;

/// <summary>Reading single profiles: no call without need, by the journal of the upstream itself.</summary>
public sealed class ApiProfileReadTests(WebHost host) : IClassFixture<WebHost>, IAsyncLifetime
{
    private readonly string _handle = $"r{Guid.NewGuid():N}"[..20];
    private WebHostClient _program = null!;

    public Task InitializeAsync()
    {
        _program = host.Program();
        host.Simulator.ResetJournal();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        host.Simulator.Change("""{"revision": 0, "upstreams": {"hackerrank": {"latency": null, "faults": []}}}""");
        _program.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task FirstRead_AsksThePlatform_AndStoresWhatItSaid()
    {
        await RegisterAsync("codeforces");

        var profile = (await _program.GetAsync($"/api/coding-profiles/codeforces/{_handle}")).Json;

        var expected = host.Simulator.World.Codeforces(_handle)!;
        Assert.Equal((expected.Rating, expected.MaxRating, "found"), (profile.GetProperty("rating").GetInt32(), profile.GetProperty("maxRating").GetInt32(), profile.GetProperty("state").GetString()));
        Assert.Equal(1, host.Simulator.Journal("codeforces").Calls);
        var stored = (await _program.GetAsync($"/api/coding-profiles?q={_handle}")).Json.GetProperty("items")[0];
        Assert.Equal((expected.Rating, profile.GetProperty("fetchedAt").GetDateTimeOffset()), (stored.GetProperty("rating").GetInt32(), stored.GetProperty("fetchedAt").GetDateTimeOffset()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("?maxAgeSeconds=300")]
    [InlineData("?maxAgeSeconds=31536000")]
    public async Task ProfileThatIsYoungEnough_CostsNoCall(string query)
    {
        await RegisterAsync("hackerrank");
        var first = await _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}");
        var calls = host.Simulator.Journal("hackerrank").Calls;

        var again = await _program.GetAsync($"/api/coding-profiles/HackerRank/{_handle.ToUpperInvariant()}{query}");

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(calls, host.Simulator.Journal("hackerrank").Calls);
    }

    [Fact]
    public async Task ProfileThatIsTooOld_IsAskedForAgain()
    {
        await RegisterAsync("hackerrank");
        var first = (await _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}")).Json;
        var calls = host.Simulator.Journal("hackerrank").Calls;

        var again = (await _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}?maxAgeSeconds=0")).Json;

        Assert.True(again.GetProperty("fetchedAt").GetDateTimeOffset() > first.GetProperty("fetchedAt").GetDateTimeOffset());
        Assert.Equal(2 * calls, host.Simulator.Journal("hackerrank").Calls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?maxAgeSeconds=0")]
    public async Task ManyWhoAskAtOnce_ShareOneCall(string query)
    {
        await RegisterAsync("hackerrank");
        Task<WebHostClient.Answer[]> asking;
        using (host.Simulator.Hold("hackerrank"))
        {
            asking = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}{query}")));
            await TheyWaitAsync(20);
        }

        var answers = await asking;
        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Single(answers.Select(answer => answer.Json.GetProperty("fetchedAt").GetDateTimeOffset()).Distinct());
        Assert.Equal(0, host.Simulator.Journal("hackerrank").Keys.AskedRepeatedly);
    }

    [Fact]
    public async Task JobAndReader_WhoAskAtOnce_ShareOneCall()
    {
        await RegisterAsync("hackerrank");
        Guid job;
        Task<WebHostClient.Answer> reading;
        using (host.Simulator.Hold("hackerrank"))
        {
            job = await _program.StartAsync(new { workload = "profile-refresh", spec = new { filter = new { q = _handle } } });
            await WebHost.UntilAsync("the job has asked", () => Task.FromResult(host.Simulator.Journal("hackerrank").InFlight > 0));
            reading = _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}");
            await TheyWaitAsync(1);
        }

        Assert.Equal(HttpStatusCode.OK, (await reading).Status);
        Assert.Equal(1, (await _program.WhenAsync(job, "completed")).GetProperty("progress").GetProperty("succeeded").GetInt32());
        Assert.Equal(0, host.Simulator.Journal("hackerrank").Keys.AskedRepeatedly);
    }

    [Fact]
    public async Task History_GrowsOnlyWhenSomethingChanged()
    {
        await RegisterAsync("codeforces");
        Assert.Single(await HistoryAfterAReadAsync());
        Assert.Single(await HistoryAfterAReadAsync()); // asked again, told the same

        host.Simulator.Change("""{"revision": 1}""");
        Assert.True(host.Simulator.World.ChangedSince("codeforces", _handle, 0));
        var changed = await HistoryAfterAReadAsync();

        Assert.Equal(2, changed.Count);
        Assert.Equal(host.Simulator.World.Codeforces(_handle)!.Rating, changed[0].GetProperty("rating").GetInt32()); // newest first
        Assert.Equal(host.Simulator.World.At(0).Codeforces(_handle)!.Rating, changed[1].GetProperty("rating").GetInt32());
        Assert.Equal(2, (await HistoryAfterAReadAsync()).Count);
    }

    [Fact]
    public async Task HandleThatThePlatformDoesNotKnow_IsMissing_AndIsNotAskedForAgain()
    {
        var handle = $"missing{Guid.NewGuid():N}"[..20];
        await _program.PostAsync("/api/coding-profiles", new[] { new { platform = "hackerrank", handle } });

        var profile = (await _program.GetAsync($"/api/coding-profiles/hackerrank/{handle}")).Json;
        var calls = host.Simulator.Journal("hackerrank").Calls;
        await _program.GetAsync($"/api/coding-profiles/hackerrank/{handle}");

        Assert.Equal("missing", profile.GetProperty("state").GetString());
        Assert.Equal(calls, host.Simulator.Journal("hackerrank").Calls);
    }

    [Fact]
    public async Task PlatformThatIsDown_Is503WithWhatIsKnown_AndAWordOnWhenToComeBack()
    {
        await RegisterAsync("hackerrank");
        var known = (await _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}")).Json;
        host.Simulator.Change("""{"upstreams": {"hackerrank": {"faults": [{"kind": "status", "status": 503, "retryAfter": {"seconds": 120}}]}}}""");

        var answer = await _program.GetAsync($"/api/coding-profiles/hackerrank/{_handle}?maxAgeSeconds=0");

        Assert.Contains("hackerrank could not be asked now", answer.Problem(HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
        Assert.True(answer.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Equal(known.GetProperty("solvedTotal").ToString(), answer.Json.GetProperty("known").GetProperty("solvedTotal").ToString());
    }

    [Fact]
    public async Task ProfileThatIsNotRegistered_Is404_AndNobodyIsAsked()
    {
        foreach (var path in new[] { $"hackerrank/{_handle}", $"hackerrank/{_handle}/history" })
        {
            Assert.Contains("not registered", (await _program.GetAsync($"/api/coding-profiles/{path}")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
        }

        Assert.Equal(0, host.Simulator.Journal("hackerrank").Calls);
    }

    [Theory]
    [InlineData("geocities/anna", "no platform 'geocities'")]
    [InlineData("codechef/anna", "switched off")]
    [InlineData("codeforces/a", "3 to 24 characters")]
    [InlineData("codeforces/bell%07bell", "U+0007")]
    [InlineData("codeforces/anna?maxAgeSeconds=-1", "maxAgeSeconds must be")]
    [InlineData("codeforces/anna?maxAgeSeconds=NaN", "maxAgeSeconds must be")]
    [InlineData("codeforces/anna?maxAgeSeconds=1e12", "maxAgeSeconds must be")]
    [InlineData("codeforces/anna/history?limit=0", "limit is 0")]
    [InlineData("geocities/anna/rating-history", "no platform 'geocities'")]
    public async Task ReadThatCannotBe_GetsASentence(string path, string expected) =>
        Assert.Contains(expected, (await _program.GetAsync($"/api/coding-profiles/{path}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

    [Fact]
    public async Task RatingHistory_IsOldestFirst_AsThePlatformTellsIt()
    {
        var points = (await _program.GetAsync("/api/coding-profiles/codeforces/tourist/rating-history")).Json.GetProperty("points").EnumerateArray().ToList();

        Assert.NotEmpty(points);
        Assert.Equal(host.Simulator.World.Codeforces("tourist")!.Rating, points[^1].GetProperty("newRating").GetInt32());
        var at = points.Select(point => point.GetProperty("at").GetDateTimeOffset()).ToList();
        Assert.Equal(at.Order(), at);
    }

    [Fact]
    public async Task RatingHistory_IsAskedForOnceInFiveMinutes_AlsoWhenThereIsNone()
    {
        foreach (var handle in new[] { _handle, "missing_two" })
        {
            var first = await _program.GetAsync($"/api/coding-profiles/codeforces/{handle}/rating-history");
            var calls = host.Simulator.Journal("codeforces").Calls;
            var again = await _program.GetAsync($"/api/coding-profiles/codeforces/{handle.ToUpperInvariant()}/rating-history");

            Assert.Equal((first.Status, calls), (again.Status, host.Simulator.Journal("codeforces").Calls));
        }
    }

    [Fact]
    public async Task Viewer_SpendsNoCalls_WhateverAgeIsWanted()
    {
        await RegisterAsync("hackerrank");
        using var viewer = await host.ProgramAsync(Roles.Viewer);
        var first = await viewer.GetAsync($"/api/coding-profiles/hackerrank/{_handle}?maxAgeSeconds=0"); // never fetched: once for all who look
        var calls = host.Simulator.Journal("hackerrank").Calls;

        var again = await viewer.GetAsync($"/api/coding-profiles/hackerrank/{_handle}?maxAgeSeconds=0");

        Assert.Equal((HttpStatusCode.OK, first.Text, calls), (again.Status, again.Text, host.Simulator.Journal("hackerrank").Calls));
    }

    [Theory]
    [InlineData("codeforces/missing_one")]
    [InlineData("geeksforgeeks/anybody")] // publishes none
    public async Task RatingHistoryThatIsNotThere_Is404(string profile) =>
        (await _program.GetAsync($"/api/coding-profiles/{profile}/rating-history")).Problem(HttpStatusCode.NotFound);

    private async Task RegisterAsync(string platform) =>
        Assert.Equal(1, (await _program.PostAsync("/api/coding-profiles", new[] { new { platform, handle = _handle } })).Json.GetProperty("registered").GetInt32());

    /// <summary>Waits until so many have come, and somebody who came after them for another profile was served whole: the others are where they have to wait.</summary>
    private async Task TheyWaitAsync(int readers)
    {
        await WebHost.UntilAsync($"{readers} have come", () => Task.FromResult(host.Requests == readers));
        await RegisterAsync("codeforces");
        Assert.Equal(HttpStatusCode.OK, (await _program.GetAsync($"/api/coding-profiles/codeforces/{_handle}?maxAgeSeconds=0")).Status);
    }

    private async Task<IReadOnlyList<JsonElement>> HistoryAfterAReadAsync()
    {
        Assert.Equal(HttpStatusCode.OK, (await _program.GetAsync($"/api/coding-profiles/codeforces/{_handle}?maxAgeSeconds=0")).Status);
        return [.. (await _program.GetAsync($"/api/coding-profiles/codeforces/{_handle}/history")).Json.EnumerateArray()];
    }
}
