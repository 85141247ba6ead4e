using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class LeetCodePlatformTests
{
    [Fact]
    public async Task RecordedUser_IsRead()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.File("leetcode/matched-user.json"));

        var profile = await harness.ProfileAsync("jambobjones");

        Assert.Equal(("jambobjones", "#630800"), (profile.Handle, profile.Rank));
        Assert.Equal((133, 122, 11, 0), (profile.SolvedTotal, profile.SolvedEasy, profile.SolvedMedium, profile.SolvedHard));
        Assert.Equal("https://assets.leetcode.com/users/jambobjones/avatar_1617850141.png", profile.Avatar);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1705104000), profile.LastActiveAt); // the latest day, not the last one written
        Assert.Null(profile.Rating);
        Assert.Null(profile.Contests);
        Assert.Null(profile.Country);
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal(24, (int?)details["submissionsPerDay"]!["1704153600"]);
        Assert.Equal("https://github.com/jambobjones", (string?)details["githubUrl"]);
        Assert.Null(details["aboutMe"]);
    }

    [Fact]
    public async Task RecordedContestRankingOfNobody_LeavesTheRatingOpen()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        var answer = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data/leetcode/matched-user.json")))!;
        var contest = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Data/leetcode/user-contest-ranking.json")))!;
        answer["data"]!["userContestRanking"] = contest["data"]!["userContestRanking"]?.DeepClone();
        harness.Upstream.Answers(ScriptedAnswer.Json(answer.ToJsonString()), ScriptedAnswer.Json(contest.ToJsonString()));

        Assert.Null((await harness.ProfileAsync("jambobjones")).Rating);
        Assert.Empty((await harness.HistoryAsync("jambobjones")).Points); // its one contest was not attended
    }

    [Fact]
    public async Task ContestRanking_IsTheRating()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(User("""{"attendedContestsCount":15,"rating":1702.51,"globalRanking":58211,"totalParticipants":612345,"topPercentage":9.6,"badge":{"name":"Knight"}}"""));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal((1703, 15), (profile.Rating, profile.Contests));
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal((1702.51, 9.6, "Knight"), ((double?)details["contestRating"], (double?)details["topPercentage"], (string?)details["contestBadge"]));
    }

    [Fact]
    public async Task Request_LooksLikeTheSitesOwn()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(User("null"));

        await harness.ProfileAsync("sample");

        var call = Assert.Single(harness.Upstream.Seen);
        Assert.Equal(("POST", "/base/graphql"), (call.Method, call.Path));
        Assert.Equal("https://leetcode.com/", call.Header("Referer"));
        Assert.Equal("https://leetcode.com", call.Header("Origin"));
        Assert.StartsWith("Mozilla/5.0", call.Header("User-Agent"), StringComparison.Ordinal);
        Assert.StartsWith("application/json", call.Header("Content-Type"), StringComparison.Ordinal);
        var body = JsonNode.Parse(call.Body)!;
        Assert.Equal("sample", (string?)body["variables"]!["username"]);
        Assert.Contains("matchedUser", (string?)body["query"], StringComparison.Ordinal);
        Assert.Contains("userContestRanking(", (string?)body["query"], StringComparison.Ordinal);
        Assert.DoesNotContain("sample", (string?)body["query"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownUser_IsMissing_ThoughTheStatusIs200()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"errors":[{"message":"That user does not exist.","locations":[{"line":1,"column":47}],"path":["matchedUser"],"extensions":{"handled":true,"skip_sentry":true}}],"data":{"matchedUser":null,"userContestRanking":null}}
            """));

        var missing = Assert.IsType<CallMissing>(await harness.FetchAsync("nobody"));

        Assert.Equal(("leetcode: user not found", "That user does not exist."), (missing.Cause, missing.Message));
    }

    [Fact]
    public async Task UserThatIsNull_IsMissing_ButOneThatIsNotThereIsAnotherShape()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"data":{"matchedUser":null}}"""), ScriptedAnswer.Json("""{"data":{"user":{}}}"""));

        Assert.IsType<CallMissing>(await harness.FetchAsync("nobody"));
        Assert.IsType<CallGarbled>(await harness.FetchAsync("nobody"));
    }

    [Fact]
    public async Task QueryThatNoLongerFits_IsDrift_AndNotTriedAgain()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode", options => options with { Attempts = 4 });
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"errors":[{"message":"Cannot query field \"submitStatsGlobal\" on type \"UserNode\"."}]}""", 400));

        var garbled = Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));

        Assert.Equal("leetcode: answer has changed shape", garbled.Cause);
        Assert.Contains("submitStatsGlobal", garbled.Message, StringComparison.Ordinal);
        Assert.Single(harness.Upstream.Seen);
    }

    [Fact]
    public async Task HalfAnAnswer_IsTrouble()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        var answer = JsonNode.Parse(System.Text.Encoding.UTF8.GetString(User("null").Body))!;
        answer["errors"] = new JsonArray(new JsonObject { ["message"] = "contest service timed out", ["path"] = new JsonArray("userContestRanking") });
        harness.Upstream.Answers(ScriptedAnswer.Json(answer.ToJsonString()));

        Assert.Contains("timed out", Assert.IsType<CallTroubled>(await harness.FetchAsync("sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MissingReferer_IsABlock()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Html("<html><body><h1>Forbidden (403)</h1><p>CSRF verification failed. Request aborted.</p></body></html>", 403));

        Assert.True(Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After >= TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task CloudflaresBan_IsABlock_UnlessItSaysHowLong()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Text("error code: 1015", 429).With("Retry-After", "3"), ScriptedAnswer.Text("error code: 1015", 429));

        Assert.Equal(TimeSpan.FromSeconds(3), Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After);
        harness.Time.Advance(TimeSpan.FromSeconds(3));

        Assert.True(Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After >= TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task PlainThrottling_WaitsAsTheGateDoes()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Json("{}", 429));

        Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.Equal("closed", harness.Gate.Breaker);
        Assert.Equal(1, harness.Gate.Throttled);
    }

    [Fact]
    public async Task AnotherUsersAnswer_IsNotStored()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(User("null"));

        Assert.Equal("leetcode: answer about another", Assert.IsType<CallGarbled>(await harness.FetchAsync("somebody")).Cause);
        Assert.Equal("sample", (await harness.ProfileAsync("SAMPLE")).Handle);
    }

    [Fact]
    public async Task CalendarOfAnotherShape_IsDrift()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(User("null", calendar: """{\"monday\": 3}"""));

        Assert.Equal("leetcode: answer has changed shape", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Fact]
    public async Task History_HasAttendedContests_EachWithTheRatingBefore()
    {
        await using var harness = await PlatformHarness.StartAsync("leetcode");
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"data":{"userContestRankingHistory":[
            {"attended":true,"rating":1561.2,"ranking":900,"contest":{"title":"Weekly Contest 1","startTime":1621089000}},
            {"attended":false,"rating":1561.2,"ranking":0,"contest":{"title":"Weekly Contest 2","startTime":1621693800}},
            {"attended":true,"rating":1540.0,"ranking":4000,"contest":{"title":"Weekly Contest 3","startTime":"1622298600"}}]}}
            """));

        var history = await harness.HistoryAsync("sample");

        Assert.Equal([("Weekly Contest 1", 1500, 1561), ("Weekly Contest 3", 1561, 1540)], history.Points.Select(point => (point.Contest, point.OldRating, point.NewRating)));
    }

    private static ScriptedAnswer User(string contest, string calendar = "{}") => ScriptedAnswer.Json($$$"""
        {"data":{"matchedUser":{"username":"sample","githubUrl":null,"twitterUrl":null,"linkedinUrl":null,
        "profile":{"realName":"Sam Sample","userAvatar":"","ranking":1,"reputation":0,"starRating":2.5,"countryName":"Norway","company":null,"school":null,"skillTags":["sql",null],"websites":[],"aboutMe":""},
        "submitStatsGlobal":{"acSubmissionNum":[{"difficulty":"Hard","count":"3","submissions":4},{"difficulty":"All","count":10,"submissions":12}]},
        "submissionCalendar":"{{{calendar}}}","badges":[{"id":"1","displayName":"Annual Badge","icon":"","creationDate":"2025-01-15"}]},
        "userContestRanking":{{{contest}}}}}
        """);
}
