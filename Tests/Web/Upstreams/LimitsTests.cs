using System.Net;
using System.Text;
using System.Text.Json;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Upstreams;

/// <summary>Limits set at run time, by the API and by the page; whether they are kept is told by the simulator's journal.</summary>
public sealed class LimitsTests(LimitsTests.LimitedHost limited) : IClassFixture<LimitsTests.LimitedHost>
{
    private const string Name = "hackerrank";
    private static readonly (string, string)[] Settings = [($"Upstreams:{Name}:Limits", "20 per 1s"), ($"Upstreams:{Name}:Concurrency", "6")];

    // What was given before may be used until it ends, and the calls made then count for a period.
    private static readonly TimeSpan LeaseAndPeriod = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task LoweredLimits_AreKeptByARunningJob_OutliveARestart_AndAreRaisedAgain()
    {
        await using var database = await PostgresDatabase.CreateAsync();
        Guid id;
        await using (var host = await WebHost.StartAsync(database.ConnectionString, Settings))
        {
            using var program = host.Program();
            await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, 400).Select(number => new { platform = Name, handle = $"limited{number}" }));
            id = (await program.PostAsync("/api/coding-profiles/admin/bulk-refresh", new { filter = new { platform = Name } })).Json.GetProperty("id").GetGuid();
            await WebHost.UntilAsync("the job is under way", () => Task.FromResult(host.Simulator.Journal(Name).Calls > 20));
            Assert.InRange(host.Simulator.Journal(Name).MostInOneSecond, 5, 20);

            var answer = await PutAsync(program, """{"concurrency": 2, "callsPerSecond": 4}""");

            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.Equal("4 per 1s", answer.Json.GetProperty("inForce").GetProperty("limits")[0].GetString());
            await Task.Delay(LeaseAndPeriod);
            await AssertKeptAsync(host);
        }

        await using (var host = await WebHost.StartAsync(database.ConnectionString, Settings))
        {
            using var program = host.Program();
            var upstream = (await program.GetAsync($"/api/upstreams/{Name}")).Json;
            Assert.Equal((2, 4), (upstream.GetProperty("inForce").GetProperty("concurrency").GetInt32(), upstream.GetProperty("inForce").GetProperty("callsPerSecond").GetDouble()));
            Assert.Equal("key:first", upstream.GetProperty("lowered").GetProperty("by").GetString());
            await WebHost.UntilAsync("the job goes on", () => Task.FromResult(host.Simulator.Journal(Name).Calls > 0));
            await AssertKeptAsync(host);

            Assert.Equal(JsonValueKind.Null, (await PutAsync(program, "{}")).Json.GetProperty("lowered").ValueKind);
            await WebHost.UntilAsync("calls come faster", () => Task.FromResult(host.Simulator.Journal(Name).MostInOneSecond > 8));
            Assert.InRange(host.Simulator.Journal(Name).MostInOneSecond, 9, 20);
            await program.PostAsync($"/api/jobs/{id}/cancel");
        }

        Assert.Equal(2, await database.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'upstream.limits' AND subject = $1 AND actor = 'key:first'", Name));
    }

    [Theory]
    [InlineData("""{"concurrency": 7}""", "concurrency is 7; it must be a whole number from 1 to 6")]
    [InlineData("""{"concurrency": 0}""", "concurrency is 0")]
    [InlineData("""{"callsPerSecond": 20.5}""", "callsPerSecond is 20.5; it must be from 0.01 to 20")]
    [InlineData("""{"callsPerSecond": -1}""", "callsPerSecond is -1")]
    [InlineData("""{"callsPerSecond": "4"}""", "numbers up to the configured ones")]
    [InlineData("""{"concurrency": 1.5}""", "numbers up to the configured ones")]
    [InlineData("""{"calls": 4}""", "numbers up to the configured ones")]
    [InlineData("[]", "numbers up to the configured ones")]
    public async Task LimitsThatCannotBe_GetASentence_AndChangeNothing(string body, string expected)
    {
        var host = limited.Host;
        using var program = host.Program();

        var sentence = (await PutAsync(program, body)).Problem(HttpStatusCode.BadRequest);

        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed.", sentence, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, (await program.GetAsync($"/api/upstreams/{Name}")).Json.GetProperty("lowered").ValueKind);
    }

    [Fact]
    public async Task UnknownUpstream_IsNotFound_AndTheKnownOnesAreNamed()
    {
        var host = limited.Host;
        using var program = host.Program();

        Assert.Contains("codeforces", (await program.GetAsync("/api/upstreams/nobody")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Contains("codeforces", (await program.SendAsync(HttpMethod.Put, "/api/upstreams/nobody/limits", Json("{}"))).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var page = await browser.GetAsync("/upstreams/nobody/limits");
        Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
    }

    [Fact]
    public async Task Operator_LowersAndResetsOnThePage_AndAViewerCannot()
    {
        var host = limited.Host;
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);
        const string path = $"/upstreams/{Name}/limits";

        using var refused = await browser.SubmitAsync(path, new Dictionary<string, string> { ["concurrency"] = "7", ["callsPerSecond"] = "1" });
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var again = await refused.Content.ReadAsStringAsync();
        Assert.Contains("concurrency is 7", again, StringComparison.Ordinal);
        Assert.Contains("value=\"7\"", again, StringComparison.Ordinal); // what was typed stays

        using var set = await browser.SubmitAsync(path, new Dictionary<string, string> { ["concurrency"] = "3", ["callsPerSecond"] = "5" });
        Assert.Equal(HttpStatusCode.Redirect, set.StatusCode);
        var page = await browser.ReadAsync("/upstreams");
        Assert.Contains($"Limits of {Name}: 3 at once, 5 per 1s.", page, StringComparison.Ordinal);
        Assert.Contains($"lowered by {browser.UserName}", page, StringComparison.Ordinal);

        Assert.DoesNotContain("Change limits", await viewer.ReadAsync("/upstreams"), StringComparison.Ordinal);
        using var forbidden = await viewer.GetAsync(path);
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);

        using var reset = await browser.SubmitAsync(path, new Dictionary<string, string> { ["concurrency"] = "", ["reset"] = "true" });
        Assert.Equal(HttpStatusCode.Redirect, reset.StatusCode);
        Assert.DoesNotContain("lowered by", await viewer.ReadAsync("/upstreams"), StringComparison.Ordinal);
    }

    /// <summary>A service whose upstream has limits to lower.</summary>
    public sealed class LimitedHost : IAsyncLifetime
    {
        public WebHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await WebHost.StartAsync(settings: Settings);

        public Task DisposeAsync() => Host.DisposeAsync();
    }

    private static async Task AssertKeptAsync(WebHost host)
    {
        host.Simulator.ResetJournal();
        await WebHost.UntilAsync("eight more calls came", () => Task.FromResult(host.Simulator.Journal(Name).Calls >= 8));
        Assert.InRange(host.Simulator.Journal(Name).MostInOneSecond, 1, 4);
        Assert.InRange(host.Simulator.Journal(Name).MostAtOnce, 1, 2);
    }

    private static Task<WebHostClient.Answer> PutAsync(WebHostClient program, string body) => program.SendAsync(HttpMethod.Put, $"/api/upstreams/{Name}/limits", Json(body));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
