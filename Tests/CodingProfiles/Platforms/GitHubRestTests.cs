using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class GitHubRestTests
{
    [Fact]
    public async Task RecordedOrganisation_IsRead_WithItsValidator()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Recorded());

        var profile = await harness.ProfileAsync("octokit-fixture-org");

        Assert.Equal(("octokit-fixture-org", "Organization"), (profile.Handle, profile.Rank));
        Assert.Equal("https://avatars.githubusercontent.com/u/31898100?v=4", profile.Avatar);
        Assert.Equal(DateTimeOffset.Parse("2022-03-14T15:34:56Z", CultureInfo.InvariantCulture), profile.LastActiveAt);
        Assert.Equal(316, (int?)JsonNode.Parse(profile.Details)!["repositories"]);
        Assert.EndsWith("\"ee932ded00b8a5cb7e4721f4c6e4e0ab21a5e60c192f3f71a141f8b50e20f8ed\"", profile.ETag, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_SaysWhoAsks_AndCarriesTheVersion()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(User());

        await harness.ProfileAsync("sample");

        var call = Assert.Single(harness.Upstream.Seen);
        Assert.Equal(("GET", "/base/users/sample"), (call.Method, call.Path));
        Assert.StartsWith("OrleansBulk", call.Header("User-Agent"), StringComparison.Ordinal);
        Assert.Equal("application/vnd.github+json", call.Header("Accept"));
        Assert.Equal("2022-11-28", call.Header("X-GitHub-Api-Version"));
        Assert.Equal("", call.Header("Authorization"));
        Assert.Equal(1, harness.Platform.ProfilesPerCall);
    }

    [Fact]
    public async Task NullsAndEmptyTexts_StayOut()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(User());

        var profile = await harness.ProfileAsync("sample");

        Assert.Null(profile.Rating);
        var details = JsonNode.Parse(profile.Details)!.AsObject();
        Assert.Equal("Sam Sample", (string?)details["name"]);
        Assert.False(details.ContainsKey("company"));
        Assert.False(details.ContainsKey("blog"));
    }

    [Fact]
    public async Task StoredValidator_IsSentBackAsItWas_And304IsUnchanged()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(User().With("ETag", "W/\"cdcdd165\""), ScriptedAnswer.Empty(304));
        var profile = await harness.ProfileAsync("sample");

        var result = await harness.FetchAsync("sample", profile.ETag);

        Assert.Equal("W/\"cdcdd165\"", harness.Upstream.Seen[1].Header("If-None-Match"));
        Assert.IsType<PlatformUnchanged>(Assert.IsType<CallAnswered<PlatformAnswer>>(result).Value);
    }

    [Fact]
    public async Task ValidatorOfAnotherToken_IsNotSent()
    {
        await using var anonymous = await PlatformHarness.StartAsync("github");
        anonymous.Upstream.Answers(User().With("ETag", "\"abc\""));
        var etag = (await anonymous.ProfileAsync("sample")).ETag;

        await using var other = await PlatformHarness.StartAsync("github", options => options with { Token = "ghp_sample" });
        other.Upstream.Answers(GraphFindsNobody(), User().With("ETag", "\"def\""));
        var profile = PlatformHarness.Profile(await other.FetchAsync("sample", etag));

        Assert.Equal("", other.Upstream.Seen[1].Header("If-None-Match"));
        Assert.DoesNotContain("ghp_sample", profile.ETag, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownLogin_IsMissing()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"message":"Not Found","documentation_url":"https://docs.github.com/rest/users/users#get-a-user","status":"404"}""", 404));

        var missing = Assert.IsType<CallMissing>(await harness.FetchAsync("nobody"));

        Assert.Equal(("github: account not found", "Not Found"), (missing.Cause, missing.Message));
    }

    [Fact]
    public async Task LastCallOfTheHour_ClosesTheGateUntilTheReset()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Limited(User(), harness, remaining: 0, resetInMinutes: 40));

        Assert.IsType<CallAnswered<PlatformAnswer>>(await harness.FetchAsync("sample"));
        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("other"));

        Assert.InRange(deferred.After, TimeSpan.FromMinutes(40), TimeSpan.FromMinutes(40.1));
        Assert.Contains("used up", deferred.Reason, StringComparison.Ordinal);
        Assert.Single(harness.Upstream.Seen);
        harness.Time.Advance(TimeSpan.FromMinutes(40.1));
        Assert.IsType<CallAnswered<PlatformAnswer>>(await harness.FetchAsync("sample"));
    }

    [Theory]
    [InlineData(403)]
    [InlineData(429)]
    public async Task PrimaryLimit_WaitsForTheReset(int status)
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Limited(Message("API rate limit exceeded for 203.0.113.7.", status), harness, remaining: 0, resetInMinutes: 55));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.InRange(deferred.After, TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(55.1));
        Assert.Equal(0, deferred.Attempts);
    }

    [Fact]
    public async Task ResetThatIsPastByOurClock_StillPauses()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Limited(Message("API rate limit exceeded", 403), harness, remaining: 0, resetInMinutes: -5));
        await harness.FetchAsync("sample");

        Assert.Equal(0, Assert.IsType<CallDeferred>(await harness.FetchAsync("sample", waitSeconds: 0)).Cost.Calls);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(429)]
    public async Task RetryAfter_GoesBeforeTheReset(int status)
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Limited(Message("You have exceeded a secondary rate limit.", status), harness, remaining: 0, resetInMinutes: 55).With("Retry-After", "60"));

        Assert.Equal(TimeSpan.FromSeconds(60), Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After);
    }

    [Theory]
    [InlineData("You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")]
    [InlineData("You have triggered an abuse detection mechanism.")]
    public async Task SecondaryLimitWithoutATime_WaitsAMinute_AndLongerEachTime(string message)
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(Limited(Message(message, 403), harness, remaining: 4000, resetInMinutes: 55));
        var waits = new List<double>();
        for (var i = 0; i < 3; i++)
        {
            var wait = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After;
            waits.Add(wait.TotalSeconds);
            harness.Time.Advance(wait);
        }

        Assert.Equal([60, 120, 240], waits);
    }

    [Fact]
    public async Task Plain403_IsARefusal_AndNotTriedAgain()
    {
        await using var harness = await PlatformHarness.StartAsync("github", options => options with { Attempts = 4 });
        harness.Upstream.Answers(Limited(Message("Resource not accessible by personal access token", 403), harness, remaining: 4000, resetInMinutes: 55));

        Assert.Contains("Upstreams:github:Token", Assert.IsType<CallRefused>(await harness.FetchAsync("sample")).Reason, StringComparison.Ordinal);
        Assert.Single(harness.Upstream.Seen);
    }

    [Fact]
    public async Task Redirect_IsFollowedOnTheSameHost()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(ScriptedAnswer.Empty(301).With("Location", "/base/user/583231"), User());

        var profile = await harness.ProfileAsync("old-name"); // under its new name

        Assert.Equal("sample", profile.Handle);
        Assert.Equal("/base/user/583231", harness.Upstream.Seen[1].Path);
    }

    [Theory]
    [InlineData("https://elsewhere.example/user/1")]
    [InlineData("/base/users/round")]
    public async Task RedirectElsewhereOrForEver_IsNotFollowed(string location)
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(ScriptedAnswer.Empty(302).With("Location", location));

        Assert.Equal("github: redirected astray", Assert.IsType<CallGarbled>(await harness.FetchAsync("round")).Cause);
        Assert.InRange(harness.Upstream.Seen.Count, 1, 3);
    }

    [Fact]
    public async Task AnotherAccountsAnswer_IsNotStored()
    {
        await using var harness = await PlatformHarness.StartAsync("github");
        harness.Upstream.Answers(User());

        Assert.Equal("github: answer about another", Assert.IsType<CallGarbled>(await harness.FetchAsync("somebody")).Cause);
    }

    [Theory]
    [InlineData("-starts")]
    [InlineData("_starts")]
    [InlineData("has space")]
    [InlineData("a-login-of-more-than-thirty-nine-characters")]
    public async Task ImpossibleLogin_IsToldWithoutACall(string login)
    {
        await using var harness = await PlatformHarness.StartAsync("github");

        Assert.NotNull(harness.Platform.WhyInvalid(login));
        Assert.Null(harness.Platform.WhyInvalid("sam-sample_corp"));
    }

    internal static ScriptedAnswer User(string login = "sample") => ScriptedAnswer.Json(JsonSerializer.Serialize(new
    {
        login, id = 583231, avatar_url = "https://avatars.githubusercontent.com/u/583231?v=4", type = "User", name = "Sam Sample", company = (string?)null, blog = "", bio = (string?)null,
        public_repos = 8, followers = 17, following = 9, created_at = "2011-01-25T18:44:36Z", updated_at = "2025-01-22T11:27:22Z",
    }));

    internal static ScriptedAnswer GraphFindsNobody() => ScriptedAnswer.Json("""
        {"data":{"u0":null,"rateLimit":{"cost":1,"remaining":4999,"resetAt":"2026-01-01T01:00:00Z"}},"errors":[{"type":"NOT_FOUND","path":["u0"],"message":"Could not resolve to a User with the login of 'sample'."}]}
        """);

    internal static ScriptedAnswer Message(string message, int status) => ScriptedAnswer.Json(JsonSerializer.Serialize(new { message }), status);

    internal static ScriptedAnswer Limited(ScriptedAnswer answer, PlatformHarness harness, int remaining, double resetInMinutes) => answer
        .With("X-RateLimit-Limit", "5000")
        .With("X-RateLimit-Remaining", remaining.ToString(CultureInfo.InvariantCulture))
        .With("X-RateLimit-Reset", harness.Time.GetUtcNow().AddMinutes(resetInMinutes).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));

    /// <summary>The recorded exchange, headers and all but those of the connection.</summary>
    private static ScriptedAnswer Recorded()
    {
        var exchange = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Data/github/get-organization-with-headers.json")))!.AsArray()[0]!;
        var headers = exchange["rawHeaders"]!.AsArray();
        var answer = ScriptedAnswer.Json(exchange["response"]!.ToJsonString());
        for (var i = 0; i < headers.Count; i += 2)
        {
            var name = (string)headers[i]!;
            answer = name.ToUpperInvariant() is "CONTENT-LENGTH" or "CONNECTION" or "CONTENT-TYPE" or "DATE" ? answer : answer.With(name, (string)headers[i + 1]!);
        }

        return answer;
    }
}
