using System.Net;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>bulk-refresh</c> and <c>streaming-refresh</c>: a job in one request, waited for or watched.</summary>
public sealed class ApiRefreshTests(WebHost host) : IClassFixture<WebHost>, IAsyncLifetime
{
    private readonly string _handle = $"f{Guid.NewGuid():N}"[..16];
    private WebHostClient _program = null!;

    public Task InitializeAsync()
    {
        _program = host.Program();
        host.Simulator.ResetJournal();
        return Task.CompletedTask;
    }

    public Task DisposeAsync()
    {
        host.Simulator.Change("""{"upstreams": {"hackerrank": {"latency": null}}}""");
        _program.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task BulkRefresh_IsTakenAsAJob()
    {
        await RegisterAsync(3);

        var answer = await RefreshAsync("bulk-refresh", new { filter = new { q = _handle }, maxConcurrency = 7, mode = "standard" });

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        var id = answer.Json.GetProperty("id").GetGuid();
        Assert.Equal($"/api/jobs/{id}", answer.Headers.Location?.ToString());
        var job = await _program.WhenAsync(id, "completed");
        Assert.Equal(("profile-refresh", "standard", 7, 3), (job.GetProperty("workload").GetString(), job.GetProperty("mode").GetString(), job.GetProperty("maxConcurrency").GetInt32(), job.GetProperty("progress").GetProperty("succeeded").GetInt32()));
    }

    [Fact]
    public async Task BulkRefreshThatIsWaitedFor_AnswersWithTheFinishedJob()
    {
        var ids = await RegisterAsync(5);

        var answer = await RefreshAsync("bulk-refresh?wait=30", new { profileIds = ids });

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Equal(("completed", 5), (answer.Json.GetProperty("status").GetString(), answer.Json.GetProperty("progress").GetProperty("succeeded").GetInt32()));
        Assert.NotEqual(JsonValueKind.Null, answer.Json.GetProperty("finishedAt").ValueKind);
    }

    [Fact]
    public async Task BulkRefreshThatTakesLongerThanItIsWaitedFor_IsTakenAsAJob()
    {
        await RegisterAsync(1);
        host.Simulator.Change("""{"upstreams": {"hackerrank": {"latency": {"meanMs": 3000}}}}""");

        var answer = await RefreshAsync("bulk-refresh?wait=0.2", new { filter = new { q = _handle } });

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        await _program.WhenAsync(answer.Json.GetProperty("id").GetGuid(), "completed");
    }

    [Fact]
    public async Task SecondRefreshWithinFiveMinutes_MakesNoCall_AndOneThatWantsItAnewDoes()
    {
        await RegisterAsync(4);
        await RefreshAsync("bulk-refresh?wait=30", new { filter = new { q = _handle } });
        var calls = host.Simulator.Journal("hackerrank").Calls;

        var second = (await RefreshAsync("bulk-refresh?wait=30", new { filter = new { q = _handle } })).Json.GetProperty("progress");
        Assert.Equal((0, 4, 0, 4), (second.GetProperty("succeeded").GetInt32(), second.GetProperty("skipped").GetInt32(), second.GetProperty("callsMade").GetInt32(), second.GetProperty("callsAvoided").GetInt32()));
        Assert.Equal(calls, host.Simulator.Journal("hackerrank").Calls);

        var anew = (await RefreshAsync("bulk-refresh?wait=30", new { filter = new { q = _handle }, maxAgeSeconds = 0 })).Json.GetProperty("progress");
        Assert.Equal(4, anew.GetProperty("succeeded").GetInt32());
        Assert.Equal(2 * calls, host.Simulator.Journal("hackerrank").Calls);
    }

    [Fact]
    public async Task FilterThatMeansNobody_IsACompletedJobWithoutItems()
    {
        var job = (await RefreshAsync("bulk-refresh?wait=30", new { filter = new { q = _handle } })).Json;

        Assert.Equal(("completed", 0, 100.0), (job.GetProperty("status").GetString(), job.GetProperty("progress").GetProperty("submitted").GetInt32(), job.GetProperty("progress").GetProperty("percent").GetDouble()));
    }

    [Theory]
    [InlineData("""{"profileIds": []}""", "profileIds is empty")]
    [InlineData("{}", "profileIds (a list of ids) or filter")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("""{"filter": {}, "maxConcurrency": 0}""", "maxConcurrency is 0")]
    [InlineData("""{"filter": {}, "maxConcurrency": 10000}""", "maxConcurrency is 10000")]
    [InlineData("""{"filter": {"platfrom": "codeforces"}}""", "'platfrom', which is no filter")]
    [InlineData("""{"profileIds": ["x"]}""", "profileIds[0] is 'x'")]
    [InlineData("""{"filter": {}, "mode": "ludicrous"}""", "mode must be")]
    public async Task RefreshThatCannotBe_GetsASentence_BeforeAnythingStreams(string body, string expected)
    {
        foreach (var name in new[] { "bulk-refresh", "bulk-refresh?wait=5", "streaming-refresh" })
        {
            Assert.Contains(expected, (await _program.PostAsync($"/api/coding-profiles/admin/{name}", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("121")]
    [InlineData("NaN")]
    public async Task WaitThatCannotBe_GetsASentence_AndStartsNothing(string wait)
    {
        var jobs = await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs");

        Assert.Contains("0 to 120", (await RefreshAsync($"bulk-refresh?wait={wait}", new { filter = new { } })).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

        Assert.Equal(jobs, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task IdempotencyKeyAgain_IsTheSameJob()
    {
        await RegisterAsync(2);
        var body = new { filter = new { q = _handle }, idempotencyKey = _handle };

        var first = await RefreshAsync("bulk-refresh", body);
        var again = await RefreshAsync("bulk-refresh?wait=30", body);

        Assert.Equal(first.Json.GetProperty("id").GetGuid(), again.Json.GetProperty("id").GetGuid());
        Assert.Equal(2, again.Json.GetProperty("progress").GetProperty("succeeded").GetInt32());
    }

    /// <summary>300 profiles at 100 a second take three seconds: time for thirty events.</summary>
    [Fact]
    public async Task StreamingRefresh_TellsEveryTenProfilesOrTenthOfASecond_AndTheEnd()
    {
        await using var slow = await WebHost.StartAsync(settings: ("Upstreams:geeksforgeeks:Limits", "10 per 100ms"));
        using var program = slow.Program();
        await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, 300).Select(number => new { platform = "geeksforgeeks", handle = $"paced{number}" }));

        using var events = await program.OpenEventsAsync("/api/coding-profiles/admin/streaming-refresh", body: new { filter = new { platform = "geeksforgeeks" } });
        Assert.Equal("text/event-stream", events.Response.Content.Headers.ContentType?.MediaType);
        var location = events.Response.Headers.Location!.ToString();
        var all = await events.ToEndAsync();

        var progress = all.Where(seen => seen.Name == "progress").ToList();
        var done = progress.ConvertAll(seen => seen.Json.GetProperty("succeeded").GetInt64());
        Assert.Equal(done.Order(), done);
        Assert.Equal(300, done[^1]);
        Assert.Equal(("done", "completed"), (all[^1].Name, all[^1].Json.GetProperty("status").GetString()));
        Assert.Equal(location, $"/api/jobs/{all[^1].Json.GetProperty("id").GetGuid()}");
        var steps = progress.Zip(progress.Skip(1), (one, next) => (Items: next.Json.GetProperty("succeeded").GetInt64() - one.Json.GetProperty("succeeded").GetInt64(), Gap: next.At - one.At)).ToList();
        var median = steps.Select(step => step.Gap).Order().ElementAt(steps.Count / 2);
        Assert.True(median < TimeSpan.FromMilliseconds(300), $"{progress.Count} events, {median.TotalMilliseconds:0} ms from one to the next."); // ten a second, and a machine that is busy may spoil two of three
        Assert.InRange(steps.Count(step => step.Items > 10 && step.Gap >= TimeSpan.FromSeconds(1)), 0, 2); // it may also stand still
    }

    [Fact]
    public async Task StreamThatItsClientLeaves_LeavesTheJobAtWork()
    {
        await RegisterAsync(5);
        host.Simulator.Change("""{"upstreams": {"hackerrank": {"latency": {"meanMs": 1000}}}}""");
        Guid id;
        using (var events = await _program.OpenEventsAsync("/api/coding-profiles/admin/streaming-refresh", body: new { filter = new { q = _handle } }))
        {
            id = Guid.Parse(events.Response.Headers.Location!.ToString()["/api/jobs/".Length..]);
        }

        Assert.Equal(5, (await _program.WhenAsync(id, "completed")).GetProperty("progress").GetProperty("succeeded").GetInt32());
    }

    private async Task<string[]> RegisterAsync(int count)
    {
        await _program.PostAsync("/api/coding-profiles", Enumerable.Range(0, count).Select(number => new { platform = "hackerrank", handle = $"{_handle}{number}" }));
        return [.. (await _program.GetAsync($"/api/coding-profiles?q={_handle}")).Json.GetProperty("items").EnumerateArray().Select(profile => profile.GetProperty("id").GetString()!)];
    }

    private Task<WebHostClient.Answer> RefreshAsync(string name, object body) => _program.PostAsync($"/api/coding-profiles/admin/{name}", body);
}
