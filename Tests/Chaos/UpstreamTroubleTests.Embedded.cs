using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>Upstreams and databases that misbehave while a job runs: nothing is lost, nothing is called more than it bears.</summary>
public sealed class UpstreamTroubleTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Items = 600;
    private RunningSimulator _simulator = null!;
    private PostgresDatabase _postgres = null!;

    public async Task InitializeAsync()
    {
        _simulator = await RunningSimulator.StartAsync(KillTests.PlainGitHub);
        _postgres = await PostgresDatabase.CreateAsync();
    }

    public async Task DisposeAsync()
    {
        await _postgres.DisposeAsync();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task StormOf429WithRetryAfter_IsWaitedOut_AndCostsNoItem()
    {
        await using var service = await StartAsync();

        var (job, journal) = await RefreshAsync(service, """{"kind":"status","status":429,"everyNth":20,"retryAfter":{"seconds":0.4,"form":"fraction"}}""");

        Assert.Equal((Items, 0), (Of(job, "succeeded"), Of(job, "failed")));
        Assert.True(journal.Faults.Values.Sum() > 20, "The storm did not blow.");
        Assert.Equal(Of(job, "callsMade"), journal.Calls);
        Assert.Equal(journal.Faults.Values.Sum(), Of(job, "retries"));
    }

    [Fact]
    public async Task Answers503InHtml_AreTriedAgain_AndTheBreakerOpensAndCloses()
    {
        await using var service = await StartAsync(("Upstreams__github__BreakerOpen", "00:00:01"));

        var (job, journal) = await RefreshAsync(service, """{"kind":"status","status":503}""", async () =>
        {
            await ServiceProcess.UntilAsync("a probe has failed too", () => Task.FromResult(service.Said.Split("breaker open").Length > 2));
            Fault("");
        });

        Assert.Equal((Items, 0), (Of(job, "succeeded"), Of(job, "failed")));
        Assert.Contains("breaker closed", service.Said);
        Assert.True(journal.Faults.Values.Sum() < 150, $"{journal.Faults.Values.Sum()} calls were made to an upstream that was down: the breaker did not hold.");
    }

    [Fact]
    public async Task HangingCalls_EndAtTheirTimeOut_AndAreTriedAgain()
    {
        await using var service = await StartAsync(("Upstreams__github__Timeout", "00:00:01"));

        var (job, journal) = await RefreshAsync(service, """{"kind":"hang","everyNth":50}""");

        Assert.Equal((Items, 0), (Of(job, "succeeded"), Of(job, "failed")));
        Assert.True(journal.Aborted >= 10, $"Only {journal.Aborted} calls hung.");
    }

    [Fact]
    public async Task CutBodiesAndEmptyAnswers_AreNeverData()
    {
        await using var service = await StartAsync();

        var (job, _) = await RefreshAsync(service, """{"kind":"cutBody","everyNth":9},{"kind":"emptyBody","everyNth":70}""");

        Assert.Equal(Items, Of(job, "succeeded") + Of(job, "failed"));
        Assert.Equal(Of(job, "succeeded"), await _postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE fetched_at IS NOT NULL AND details <> '{}'"));
    }

    [Fact]
    public async Task SchemaDrift_StopsTheJobInWords_AndResumingFinishesIt()
    {
        Fault("""{"kind":"renamedField","field":"login","to":"name_of_user"}""");
        await using var service = await StartAsync();
        var id = await StartJobAsync(service);

        var failed = await service.EndAsync(id);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("cannot be data", failed.GetProperty("error").GetString());
        Assert.True((await service.LedgerAsync(id)).GetProperty("pending").GetInt32() > Items / 2);

        _simulator.Change("""{"upstreams":{"github":{"faults":[]}}}""");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await service.Http.PostAsync($"/api/jobs/{id}/resume", null)).StatusCode);
        await service.EndAsync(id);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await service.Http.PostAsync($"/api/jobs/{id}/retry-failed", null)).StatusCode);
        var job = (await service.EndAsync(id)).GetProperty("progress");
        Assert.Equal((Items, 0), (Of(job, "succeeded"), Of(job, "failed")));
    }

    [Fact]
    public async Task RefusedCredentials_FailTheJobInWords_WithItsItemsPending()
    {
        _simulator.Change("""{"upstreams":{"github":{"refusedTokens":["simulated-revoked"]}}}""");
        await using var service = await StartAsync(("Upstreams__github__Token", "simulated-revoked"));
        var id = await StartJobAsync(service);

        var job = await service.EndAsync(id);

        Assert.Equal("failed", job.GetProperty("status").GetString());
        Assert.Contains("Upstreams:github:Token", job.GetProperty("error").GetString());
        Assert.Equal(Items, (await service.LedgerAsync(id)).GetProperty("pending").GetInt32());
        Assert.InRange(_simulator.Journal("github").Calls, 1, 40); // a refused key is not hammered with
    }

    [Fact]
    public async Task TwoJobsOnOneUpstream_AdvanceTogether_WithinItsLimits()
    {
        _simulator.Change("""{"upstreams":{"github":{"limit":{"calls":50,"perSeconds":1,"status":403,"retryAfter":{"seconds":60}}}}}""");
        await using var service = await StartAsync(("Upstreams__github__Limits", "50 per 1s"), ("Upstreams__github__Concurrency", "10"));
        await service.RegisterAsync("github", Enumerable.Range(0, Items).Select(number => $"user-{number}"));
        var all = await service.RefreshAsync("github");
        await ServiceProcess.UntilAsync("the large job is under way", async () => Of(await service.ProgressAsync(all), "succeeded") > 20);
        var ids = await _postgres.QueryAsync<Guid[]>("SELECT array_agg(id) FROM (SELECT id FROM coding_profiles ORDER BY id DESC LIMIT 100) p");
        using var response = await System.Net.Http.Json.HttpClientJsonExtensions.PostAsJsonAsync(service.Http, "/api/coding-profiles/admin/bulk-refresh", new { profileIds = ids });
        var small = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("id").GetGuid();

        await service.EndAsync(small);
        var large = await service.ProgressAsync(all);
        output.WriteLine($"when the small job of 100 ended, the large one had {Of(large, "succeeded")} of {Items}");
        Assert.InRange(Of(large, "succeeded"), 60, Items - 150); // the small one did not wait for the large one to end, nor did that one stand

        await service.EndAsync(all);
        var journal = _simulator.Journal("github");
        Assert.Equal(0, journal.Refused.Total);
        Assert.InRange(journal.MostInLimitWindow!.Value, 1, 50);
        Assert.InRange(journal.MostAtOnce, 1, 10);
        Assert.Equal(Items, journal.Keys.Asked); // the hundred that both wanted were asked for once
    }

    [Fact]
    public async Task RealLimitOfCodeforces_IsKeptExactly_ThroughAKill()
    {
        const int Handles = 200; // one call every two seconds for fifty of them
        await using var service = await StartAsync(("Upstreams__codeforces__Batch", "50"));
        await service.RegisterAsync("codeforces", Enumerable.Range(0, Handles).Select(number => $"user_{number}"));
        var id = await service.RefreshAsync("codeforces");
        await ServiceProcess.UntilAsync("two calls have answered", async () => Of(await service.ProgressAsync(id), "succeeded") >= 100);

        await service.KillAsync();
        await service.StartAsync();
        var job = (await service.EndAsync(id)).GetProperty("progress");

        var journal = _simulator.Journal("codeforces");
        Assert.Equal(Handles, Of(job, "succeeded"));
        Assert.Equal(0, journal.Refused.Total);
        Assert.Equal(1, journal.MostInLimitWindow);
        Assert.Equal(1, journal.MostAtOnce);
        Assert.InRange(journal.Keys.Asked, Handles, Handles + 50); // the call that was under way is made again
        Assert.InRange(journal.Calls, Handles / 50, 10);
    }

    [Fact]
    public async Task DatabaseRestartedMidJob_TheJobGoesOnByItself()
    {
        await using var own = await PrivatePostgres.StartNewAsync();
        await using var service = await ServiceProcess.StartAsync(own.ConnectionString, _simulator.Address, KillTests.PlainGitHubSettings);
        await service.RegisterAsync("github", Enumerable.Range(0, 3000).Select(number => $"user-{number}"));
        var id = await service.RefreshAsync("github", maxConcurrency: 30);
        await ServiceProcess.UntilAsync("some are done", async () => Of(await service.ProgressAsync(id), "succeeded") > 300);

        await own.KillAsync();
        using (var refused = await service.Http.GetAsync($"/api/jobs/{id}/ledger"))
        {
            Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        await own.StartAsync();
        var job = (await service.EndAsync(id)).GetProperty("progress");

        Assert.Equal(3000, Of(job, "succeeded"));
        Assert.True((await service.LedgerAsync(id)).GetProperty("balanced").GetBoolean());
        Assert.Equal(3000, _simulator.Journal("github").Keys.Asked); // what was known was held, not asked for again
    }

    private void Fault(string faults) => _simulator.Change("{\"upstreams\":{\"github\":{\"faults\":[" + faults + "]}}}");

    private Task<ServiceProcess> StartAsync(params (string, string)[] settings) => ServiceProcess.StartAsync(_postgres.ConnectionString, _simulator.Address, [.. KillTests.PlainGitHubSettings, .. settings]);

    private static async Task<Guid> StartJobAsync(ServiceProcess service)
    {
        await service.RegisterAsync("github", Enumerable.Range(0, Items).Select(number => $"user-{number}"));
        return await service.RefreshAsync("github", maxConcurrency: 20);
    }

    /// <summary>Refreshes the items and checks what must hold whatever the upstream did.</summary>
    /// <param name="meanwhile">Done while the job runs.</param>
    private async Task<(JsonElement Progress, OrleansBulk.Simulator.Journals.UpstreamReport Journal)> RefreshAsync(ServiceProcess service, string faults, Func<Task>? meanwhile = null)
    {
        Fault(faults);
        var id = await StartJobAsync(service);
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        var job = await service.EndAsync(id, TimeSpan.FromMinutes(2));
        var ledger = await service.LedgerAsync(id);
        output.WriteLine(job.ToString());
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.True(ledger.GetProperty("balanced").GetBoolean(), ledger.ToString());
        Assert.Equal((Items, 0), (ledger.GetProperty("submitted").GetInt32(), ledger.GetProperty("pending").GetInt32()));
        Assert.Equal(ledger.GetProperty("succeeded").GetInt64(), await _postgres.QueryAsync<long>("SELECT count(*) FROM coding_profile_history"));
        var journal = _simulator.Journal("github");
        Assert.InRange(journal.MostAtOnce, 1, 100);
        return (job.GetProperty("progress"), journal);
    }

    private static int Of(JsonElement progress, string name) => progress.GetProperty(name).GetInt32();
}
