using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Api;

/// <summary><c>POST /api/jobs</c> and its preview: what is taken, what is not, and what was wrong.</summary>
public sealed class ApiJobStartTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task Job_IsTakenWithItsIdAndLinks_AndRuns()
    {
        using var program = host.Program();
        var answer = await program.PostAsync("/api/jobs", new { workload = TestWorkload.WorkloadName, spec = new { items = 3 }, mode = "standard", maxConcurrency = 7 });

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        var id = answer.Json.GetProperty("id").GetGuid();
        Assert.Equal($"/api/jobs/{id}", answer.Headers.Location?.ToString());
        Assert.Equal("queued", answer.Json.GetProperty("status").GetString());
        var links = answer.Json.GetProperty("links");
        foreach (var name in new[] { "self", "ledger", "failures" })
        {
            Assert.Equal(HttpStatusCode.OK, (await program.GetAsync(links.GetProperty(name).GetString()!)).Status);
        }

        using var events = await program.OpenEventsAsync(links.GetProperty("events").GetString()!);
        await events.NextAsync("done");
        var job = await program.WhenAsync(id, "completed");
        Assert.Equal(
            (TestWorkload.WorkloadName, "standard", 7, "key:first"),
            (job.GetProperty("workload").GetString(), job.GetProperty("mode").GetString(), job.GetProperty("maxConcurrency").GetInt32(), job.GetProperty("createdBy").GetString()));
    }

    [Theory]
    [InlineData(null, null, "high-performance", 100)]
    [InlineData("high-performance", null, "high-performance", 100)]
    [InlineData("standard", null, "standard", 10)]
    [InlineData("standard", 1000, "standard", 1000)]
    public async Task Mode_SetsTheConcurrency_UnlessTheRequestDoes(string? mode, int? maxConcurrency, string expectedMode, int expected)
    {
        using var program = host.Program();
        var job = await program.JobAsync(await program.StartAsync(new { workload = TestWorkload.WorkloadName, spec = new { items = 1 }, mode, maxConcurrency }));

        Assert.Equal((expectedMode, expected), (job.GetProperty("mode").GetString(), job.GetProperty("maxConcurrency").GetInt32()));
    }

    [Fact]
    public async Task Progress_HasEveryMemberOfTheContract()
    {
        using var program = host.Program();
        var job = await program.WhenAsync(await program.StartPlayedAsync(5), "completed");

        Assert.Equal(
            ["createdAt", "createdBy", "error", "finishedAt", "id", "links", "maxConcurrency", "mode", "progress", "startedAt", "status", "workload"],
            job.EnumerateObject().Select(member => member.Name).Order());
        Assert.Equal(
            ["boundBy", "callsAvoided", "callsMade", "cancelled", "doing", "etaSeconds", "failed", "inFlight", "pending", "percent", "planned", "ratePerSecond", "retries", "skipped", "status", "submitted", "succeeded"],
            job.GetProperty("progress").EnumerateObject().Select(member => member.Name).Order());
        Assert.True(job.GetProperty("finishedAt").GetDateTimeOffset() >= job.GetProperty("startedAt").GetDateTimeOffset());
        Assert.Equal((5, 5, 0, 100.0), (Count(job, "submitted"), Count(job, "succeeded"), Count(job, "pending"), job.GetProperty("progress").GetProperty("percent").GetDouble()));
    }

    [Theory]
    [InlineData("""{"workload": "profile-polish", "spec": {}}""", "no workload 'profile-polish'")]
    [InlineData("""{"spec": {}}""", "no workload")]
    [InlineData("""{"workload": 7, "spec": {}}""", "no workload")]
    [InlineData("""["profile-refresh"]""", "must be a JSON object")]
    [InlineData("null", "must be a JSON object")]
    [InlineData("""{"workload": "profile-refresh"}""", "spec is null")]
    [InlineData("""{"workload": "profile-refresh", "spec": {}}""", "profileIds (a list of ids) or filter")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": []}}""", "profileIds is empty")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": "all"}}""", "must be a list")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": ["019a2f6e-0000-7000-8000-000000000000", "seven"]}}""", "profileIds[1] is 'seven'")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": ["019a2f6e-0000-7000-8000-000000000000"], "filter": {}}}""", "both profileIds and filter")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"platfrom": "codeforces"}}}""", "'platfrom', which is no filter")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"platform": "geocities"}}}""", "no platform 'geocities'")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"platform": "codechef"}}}""", "switched off")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"state": "lost"}}}""", "must be new, found or missing")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"staleAfter": "yesterday"}}}""", "must be an instant")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {"q": "a\u0000b"}}}""", "without control characters")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {}, "maxAgeSeconds": -1}}""", "maxAgeSeconds must be a number")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "maxConcurrency": 0}""", "maxConcurrency is 0")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "maxConcurrency": 10000}""", "maxConcurrency is 10000; it must be 1 to 1000")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "maxConcurrency": 1.5}""", "whole number")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "maxConcurrency": "many"}""", "whole number")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "maxConcurrency": 99999999999}""", "whole number")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "mode": "ludicrous"}""", "mode must be")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "idempotencyKey": ""}""", "idempotency key has 0 characters")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "idempotencyKey": 7}""", "idempotencyKey must be a text")]
    [InlineData("""{"workload": "test", "spec": {"items": 1}, "idempotencyKey": "a\u0007b"}""", "no control characters")]
    [InlineData("""{"workload": "te\ud800st", "spec": {"items": 1}}""", "half a character")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": ["\udc00"]}}""", "half a character")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"profileIds": ["019a2f6e""", "not valid JSON (line 1")]
    [InlineData("", "not valid JSON")]
    public async Task RequestThatCannotBe_GetsASentence_AndNothingStarts(string body, string expected)
    {
        using var program = host.Program();
        foreach (var path in new[] { "/api/jobs", "/api/jobs/preview" })
        {
            Assert.Contains(expected, (await program.PostAsync(path, body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        }

        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs WHERE idempotency_key = '' OR max_concurrency NOT BETWEEN 1 AND 1000 OR spec::text LIKE '%profileIds%'"));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task BodyOfAnotherKind_Is415(string type)
    {
        using var program = host.Program();

        Assert.Contains(type, (await program.PostTextAsync("/api/jobs", "workload=test", type)).Problem(HttpStatusCode.UnsupportedMediaType), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneIdMoreThanAMillion_GetsASentence_AndNothingStarts()
    {
        using var program = host.Program();
        var ids = string.Join(',', Enumerable.Repeat("\"019a2f6e-0000-7000-8000-000000000000\"", 1_000_001));

        var sentence = (await program.PostAsync("/api/jobs", $$"""{"workload": "profile-refresh", "spec": {"profileIds": [{{ids}}] } }""")).Problem(HttpStatusCode.BadRequest);

        Assert.Contains("1,000,001 ids", sentence, StringComparison.Ordinal);
        Assert.Contains("filter", sentence, StringComparison.Ordinal);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM job_inputs"));
    }

    [Theory]
    [InlineData("/api/jobs")]
    [InlineData("/api/jobs/preview")]
    [InlineData("/api/coding-profiles/admin/bulk-refresh")]
    public async Task TwoMillionIds_Are413_BeforeTheyAreSent(string path)
    {
        using var program = host.Program();
        using var ids = new ManyIds(2_000_000);

        var answer = await program.SendAsync(HttpMethod.Post, path, ids, ("Expect", "100-continue"));

        Assert.Contains("smaller parts", answer.Problem(HttpStatusCode.RequestEntityTooLarge), StringComparison.Ordinal);
        Assert.False(ids.IsSent);
    }

    [Fact]
    public async Task IdempotencyKeyAgain_IsTheSameJob_InTheBodyOrTheHeader()
    {
        using var program = host.Program();
        var request = new { workload = TestWorkload.WorkloadName, spec = new { items = 2 } };
        var first = await program.PostAsync("/api/jobs", request, ("Idempotency-Key", "once-only"));
        var again = await program.PostAsync("/api/jobs", request, ("Idempotency-Key", "once-only"));
        var body = await program.PostAsync("/api/jobs", new { request.workload, request.spec, idempotencyKey = "once-only" });

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted], [first.Status, again.Status, body.Status]);
        Assert.Single(new[] { first, again, body }.Select(answer => answer.Json.GetProperty("id").GetGuid()).Distinct());
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'job.start' AND subject = $1", first.Json.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task IdempotencyKeySentByManyAtOnce_IsOneJob()
    {
        using var program = host.Program();
        var request = new { workload = TestWorkload.WorkloadName, spec = new { items = 2 }, idempotencyKey = "at-once" };

        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => program.StartAsync(request)));

        Assert.Single(ids.Distinct());
    }

    [Theory]
    [InlineData("""{"workload": "test", "spec": {"items": 3}, "idempotencyKey": "KEY"}""")]
    [InlineData("""{"workload": "test", "spec": {"items": 2}, "mode": "standard", "idempotencyKey": "KEY"}""")]
    [InlineData("""{"workload": "profile-refresh", "spec": {"filter": {}}, "idempotencyKey": "KEY"}""")]
    public async Task IdempotencyKeyWithAnotherRequest_Is409_AndNamesTheFirstJob(string other)
    {
        using var program = host.Program();
        var key = $"taken-{Guid.NewGuid():N}";
        var first = await program.StartAsync(new { workload = TestWorkload.WorkloadName, spec = new { items = 2 }, idempotencyKey = key });

        var refused = await program.PostAsync("/api/jobs", other.Replace("KEY", key, StringComparison.Ordinal));

        Assert.Contains(key, refused.Problem(HttpStatusCode.Conflict), StringComparison.Ordinal);
        Assert.Equal(first, refused.Json.GetProperty("jobId").GetGuid());
    }

    [Fact]
    public async Task DuplicateAndUnknownIds_HaveTheirOutcomes_AndLoseNothing()
    {
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "codeforces", handle = "twice_named" } });
        var known = (await program.GetAsync("/api/coding-profiles?q=twice_named")).Json.GetProperty("items")[0].GetProperty("id").GetString()!;
        var unknown = Guid.NewGuid().ToString();

        var id = await program.StartAsync(new { workload = "profile-refresh", spec = new { profileIds = new[] { known, unknown, known, unknown } } });

        var job = await program.WhenAsync(id, "completed");
        Assert.Equal((4, 1, 1, 2), (Count(job, "submitted"), Count(job, "succeeded"), Count(job, "failed"), Count(job, "skipped")));
        var failures = (await program.GetAsync($"/api/jobs/{id}/failures")).Json;
        Assert.Equal("unknown profile", failures.GetProperty("causes")[0].GetProperty("cause").GetString());
        Assert.Equal((1, unknown), (failures.GetProperty("items")[0].GetProperty("ordinal").GetInt64(), failures.GetProperty("items")[0].GetProperty("key").GetString()));
        Assert.True((await program.GetAsync($"/api/jobs/{id}/ledger")).Json.GetProperty("balanced").GetBoolean());
    }

    [Fact]
    public async Task Preview_CountsWhatTheJobWouldDo_AndWritesNothing()
    {
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "hackerrank", handle = "foreseen_1" }, new { platform = "hackerrank", handle = "foreseen_2" } });
        var ids = (await program.GetAsync("/api/coding-profiles?q=foreseen_")).Json.GetProperty("items").EnumerateArray().Select(profile => profile.GetProperty("id").GetString()!).ToArray();
        await program.GetAsync("/api/coding-profiles/hackerrank/foreseen_1"); // fresh from now on
        var calls = host.Simulator.Journal("hackerrank").Calls;
        var jobs = await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs");

        var answer = await program.PostAsync("/api/jobs/preview", new { workload = "profile-refresh", spec = new { profileIds = new[] { ids[0], ids[1], ids[1], Guid.NewGuid().ToString() } } });

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        var forecast = answer.Json;
        Assert.Equal((4, 1, 1, 1), (forecast.GetProperty("items").GetInt32(), forecast.GetProperty("duplicates").GetInt32(), forecast.GetProperty("unknown").GetInt32(), forecast.GetProperty("cacheHits").GetInt32()));
        Assert.Equal(1, forecast.GetProperty("calls").GetProperty("hackerrank").GetInt32());
        Assert.True(forecast.GetProperty("seconds").GetProperty("low").GetInt64() <= forecast.GetProperty("seconds").GetProperty("high").GetInt64());
        Assert.Equal(calls, host.Simulator.Journal("hackerrank").Calls);
        Assert.Equal(jobs, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    private static long Count(JsonElement job, string name) => job.GetProperty("progress").GetProperty(name).GetInt64();

    /// <summary>A body with so many ids, made as it is sent.</summary>
    private sealed class ManyIds : HttpContent
    {
        private static readonly byte[] Head = """{"workload": "profile-refresh", "profileIds": ["""u8.ToArray();
        private static readonly byte[] Tail = "]}"u8.ToArray();
        private static readonly byte[] Id = Encoding.UTF8.GetBytes($"\"{Guid.Empty}\",");
        private readonly int _count;

        public ManyIds(int count)
        {
            _count = count;
            Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        /// <summary>Whether it was asked for.</summary>
        public bool IsSent { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            IsSent = true;
            await stream.WriteAsync(Head);
            for (var i = 0; i < _count; i++)
            {
                await stream.WriteAsync(Id);
            }

            await stream.WriteAsync(Tail);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = Head.Length + ((long)_count * Id.Length) + Tail.Length;
            return true;
        }
    }
}
