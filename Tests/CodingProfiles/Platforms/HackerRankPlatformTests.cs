using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class HackerRankPlatformTests
{
    private const string Profile = """
        {"model":{"id":7,"username":"sample","name":"Sam Sample","created_at":"2020-05-04T03:02:01.000Z","level":5,"title":"Master","avatar":"//hrcdn.net/avatar.png","country":"Norway","school":"","company":null,"followers_count":3,"event_count":4,"website":"","short_bio":"line one\nline two"}}
        """;

    private const string Badges = """
        {"status":true,"models":[{"badge_type":"problem-solving","badge_name":"Problem Solving","solved":61,"stars":4},{"badge_type":"sql","badge_name":"Sql","solved":"9","stars":2}],"version":1}
        """;

    [Fact]
    public async Task ProfileAndBadges_MakeOneProfile()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(Badges));

        var profile = await harness.ProfileAsync("Sample");

        Assert.Equal(("sample", "Master", "Norway", "https://hrcdn.net/avatar.png", 70), (profile.Handle, profile.Rank, profile.Country, profile.Avatar, profile.SolvedTotal));
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal(4, (int?)details["badgeStars"]!["Problem Solving"]);
        Assert.Equal("line one line two", (string?)details["bio"]);
        Assert.Equal(5, (int?)details["level"]);
        Assert.Equal(["/base/rest/contests/master/hackers/Sample/profile", "/base/rest/hackers/Sample/badges"], harness.Upstream.Seen.Select(call => call.Path));
        Assert.All(harness.Upstream.Seen, call => Assert.StartsWith("Mozilla/5.0", call.Header("User-Agent"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task UnknownUser_IsMissing_AfterOneCall()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html("<html>not here</html>", 404), ScriptedAnswer.Json(Badges));

        Assert.Equal("hackerrank: user not found", Assert.IsType<CallMissing>(await harness.FetchAsync("nobody")).Cause);
        Assert.Single(harness.Upstream.Seen);
    }

    [Theory]
    [InlineData("""{"status":true,"models":[]}""", 200)]
    [InlineData("""{"status":false}""", 200)]
    [InlineData("""{"message":"gone"}""", 404)]
    public async Task WithoutBadges_AProfileIsStillOne(string badges, int status)
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(badges, status));

        var profile = await harness.ProfileAsync("sample");

        Assert.Null(profile.SolvedTotal);
        Assert.Equal("Sam Sample", (string?)JsonNode.Parse(profile.Details)!["name"]);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    public async Task BadgesThatHaveToWait_AreWaitedFor(int status)
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json("{}", status));

        var result = await harness.FetchAsync("sample");

        Assert.True(result is CallTroubled or CallDeferred, $"{result}");
        Assert.Equal(2, result.Cost.Calls);
    }

    [Fact]
    public async Task AnotherUsersAnswer_IsNotStored()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(Badges));

        Assert.Equal("hackerrank: answer about another", Assert.IsType<CallGarbled>(await harness.FetchAsync("somebody")).Cause);
    }

    [Fact]
    public async Task NoHistory_IsSaid()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(Badges));

        Assert.IsType<CallMissing>(await harness.Platform.FetchRatingHistoryAsync("sample", CallBudget.Interactive, CancellationToken.None));
        Assert.Empty(harness.Upstream.Seen);
    }

    private static async Task<PlatformHarness> StartAsync(ScriptedAnswer profile, ScriptedAnswer badges)
    {
        var harness = await PlatformHarness.StartAsync("hackerrank");
        harness.Upstream.AnswersBy(call => call.Path.EndsWith("/profile", StringComparison.Ordinal) ? profile : badges);
        return harness;
    }
}
