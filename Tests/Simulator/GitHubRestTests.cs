using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class GitHubRestTests
{
    private static readonly (string, string) Agent = ("User-Agent", "tests");
    private static readonly string Quota = Stage.Upstream("github", """ "quota":{"limit":5000,"anonymousLimit":60,"windowSeconds":3600} """);

    private static (string, string) Token(string token) => ("Authorization", $"Bearer {token}");

    [Fact]
    public async Task User_HasEveryFieldOfTheRecordedAnswer()
    {
        await using var stage = await Stage.StartAsync();

        var user = (await stage.GetAsync("/github/users/Octo-Cat", Agent)).Json;

        var expected = stage.World.GitHub("octo-cat")!;
        string[] fields =
        [
            "login", "id", "node_id", "avatar_url", "gravatar_id", "url", "html_url", "followers_url", "following_url", "gists_url", "starred_url", "subscriptions_url",
            "organizations_url", "repos_url", "events_url", "received_events_url", "type", "user_view_type", "site_admin", "name", "company", "blog", "location", "email",
            "hireable", "bio", "twitter_username", "public_repos", "public_gists", "followers", "following", "created_at", "updated_at",
        ];
        Assert.Equal(fields, user.EnumerateObject().Select(field => field.Name));
        Assert.Equal((expected.Login, expected.Followers, "User"), (user.GetProperty("login").GetString(), user.GetProperty("followers").GetInt32(), user.GetProperty("type").GetString()));
        Assert.EndsWith("Z", user.GetProperty("created_at").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Organisation_IsAnsweredWithItsType()
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal("Organization", (await stage.GetAsync("/github/users/org-acme", Agent)).Json.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("missing-12")]
    [InlineData("-dash")]
    [InlineData("two--dashes")]
    [InlineData("aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd")]
    public async Task UnknownAndImpossibleLogins_Are404(string login)
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync($"/github/users/{login}", Agent);
        Assert.Equal(404, answer.Status);
        Assert.Equal("""{"message":"Not Found","documentation_url":"https://docs.github.com/rest/users/users#get-a-user","status":"404"}""", answer.Body);
    }

    [Fact]
    public async Task WithoutUserAgent_Is403()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync("/github/users/ada");
        Assert.Equal(403, answer.Status);
        Assert.Contains("User-Agent", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefusedTokens_Are401AndOthersAreNot()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "refusedTokens":["stolen"] """));
        var refused = await stage.GetAsync("/github/users/ada", Agent, Token("stolen"));
        Assert.Equal(401, refused.Status);
        Assert.Equal("""{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest","status":"401"}""", refused.Body);
        Assert.Equal(200, (await stage.GetAsync("/github/users/ada", Agent, Token("good"))).Status);
        Assert.Equal(1, stage.Simulator.Journal("github").Refused.RefusedToken);
    }

    [Fact]
    public async Task Quota_IsCountedForEachTokenAndToldInHeaders()
    {
        await using var stage = await Stage.StartAsync(Quota, new ManualClock());

        await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        var second = await stage.GetAsync("/github/users/bo", Agent, Token("a"));
        var other = await stage.GetAsync("/github/users/ada", Agent, Token("b"));
        var anonymous = await stage.GetAsync("/github/users/ada", Agent);

        Assert.Equal(("5000", "4998", "2", "core"), Told(second));
        Assert.Equal(("5000", "4999", "1", "core"), Told(other));
        Assert.Equal(("60", "59", "1", "core"), Told(anonymous));
        Assert.Equal(new DateTimeOffset(2026, 1, 5, 13, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), second.Header("X-RateLimit-Reset"));
        static (string?, string?, string?, string?) Told(Answer answer) =>
            (answer.Header("X-RateLimit-Limit"), answer.Header("X-RateLimit-Remaining"), answer.Header("X-RateLimit-Used"), answer.Header("X-RateLimit-Resource"));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(429)]
    public async Task QuotaUsedUp_IsRefusedWithNothingRemainingUntilTheReset(int status)
    {
        var clock = new ManualClock();
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", $$""" "quota":{"limit":2,"windowSeconds":60,"status":{{status}}} """), clock);
        for (var i = 0; i < 2; i++) Assert.Equal(200, (await stage.GetAsync("/github/users/ada", Agent, Token("a"))).Status);

        var refused = await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        clock.Advance(TimeSpan.FromSeconds(60));
        var later = await stage.GetAsync("/github/users/ada", Agent, Token("a"));

        Assert.Equal((status, "0"), (refused.Status, refused.Header("X-RateLimit-Remaining")));
        Assert.Null(refused.Headers.RetryAfter);
        Assert.Contains("API rate limit exceeded", refused.Body, StringComparison.Ordinal);
        Assert.Equal(200, later.Status);
        Assert.Equal(1, stage.Simulator.Journal("github").Refused.OverQuota);
    }

    [Fact]
    public async Task ExhaustedQuota_RefusesEveryTokenUntilTheScenarioChanges()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{"exhausted":true} """));
        var refused = await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        stage.Simulator.Change(Stage.Upstream("github", """ "quota":{"exhausted":false} """));

        Assert.Equal((403, "0"), (refused.Status, refused.Header("X-RateLimit-Remaining")));
        Assert.Equal(200, (await stage.GetAsync("/github/users/ada", Agent, Token("a"))).Status);
    }

    [Fact]
    public async Task SecondaryLimit_Is403WithRetryAfterAndQuotaLeft()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{}, "limit":{"calls":1,"perSeconds":3600,"status":403,"retryAfter":{"seconds":60}} """));
        await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        var refused = await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        Assert.Equal((403, "60", "4999"), (refused.Status, refused.Header("Retry-After"), refused.Header("X-RateLimit-Remaining")));
        Assert.Contains("secondary rate limit", refused.Body, StringComparison.Ordinal);
        Assert.Equal("4999", (await stage.GetAsync("/github/rate_limit", Agent, Token("a"))).Json.GetProperty("rate").GetProperty("remaining").GetRawText());
    }

    [Fact]
    public async Task Unchanged_Is304WithoutBodyAndCostsATokenNothing()
    {
        await using var stage = await Stage.StartAsync(Quota);
        var first = await stage.GetAsync("/github/users/ada", Agent, Token("a"));
        var tag = first.Header("ETag")!;

        var same = await stage.GetAsync("/github/users/ada", Agent, Token("a"), ("If-None-Match", tag));

        Assert.Matches("^W/\"[0-9a-f]{64}\"$", tag);
        Assert.Equal((304, ""), (same.Status, same.Body));
        Assert.Equal((tag, "4999"), (same.Header("ETag"), same.Header("X-RateLimit-Remaining")));
    }

    [Fact]
    public async Task Unchanged_CountsForWhoHasNoToken()
    {
        await using var stage = await Stage.StartAsync(Quota);
        var tag = (await stage.GetAsync("/github/users/ada", Agent)).Header("ETag")!;
        var same = await stage.GetAsync("/github/users/ada", Agent, ("If-None-Match", tag));
        Assert.Equal((304, "58"), (same.Status, same.Header("X-RateLimit-Remaining")));
    }

    [Fact]
    public async Task ETag_DiffersByTokenAndByRevision()
    {
        await using var stage = await Stage.StartAsync(Quota);
        var a = (await stage.GetAsync("/github/users/ada", Agent, Token("a"))).Header("ETag")!;
        var b = (await stage.GetAsync("/github/users/ada", Agent, Token("b"))).Header("ETag");
        stage.Simulator.Change("""{"revision":1}""");
        var later = await stage.GetAsync("/github/users/ada", Agent, Token("a"), ("If-None-Match", a));

        Assert.NotEqual(a, b);
        Assert.Equal(200, later.Status);
        Assert.NotEqual(a, later.Header("ETag"));
    }

    [Fact]
    public async Task RateLimit_TellsBothResourcesAndIsFree()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{}, "limit":{"calls":1,"perSeconds":3600} """));
        JsonElement answer = default;
        for (var i = 0; i < 3; i++) answer = (await stage.GetAsync("/github/rate_limit", Agent, Token("a"))).Json;
        foreach (var resource in new[] { "core", "graphql" })
            Assert.Equal(5000, answer.GetProperty("resources").GetProperty(resource).GetProperty("remaining").GetInt32());
        Assert.Equal(200, (await stage.GetAsync("/github/users/ada", Agent, Token("a"))).Status);
    }

    [Fact]
    public async Task CacheControl_IsPrivateWithATokenAndPublicWithout()
    {
        await using var stage = await Stage.StartAsync();
        Assert.True((await stage.GetAsync("/github/users/ada", Agent, Token("a"))).Headers.CacheControl!.Private);
        Assert.True((await stage.GetAsync("/github/users/ada", Agent)).Headers.CacheControl!.Public);
    }

    [Fact]
    public void ByDefault_TheLimitsAreThePublishedOnes()
    {
        var github = new OrleansBulk.Simulator.Scenarios.Scenario().Upstreams[Platforms.GitHub];
        Assert.Equal((900, 60.0, 100), (github.Limit!.Calls, github.Limit.PerSeconds, github.Concurrency!.Max));
        Assert.Equal((5000, 60, 3600.0), (github.Quota!.Limit, github.Quota.AnonymousLimit, github.Quota.WindowSeconds));
    }
}
