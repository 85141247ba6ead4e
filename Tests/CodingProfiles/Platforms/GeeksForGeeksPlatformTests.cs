using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class GeeksForGeeksPlatformTests
{
    private const string Profile = """
        {"message":"data retrieved successfully","data":{"name":"Sam Sample","profile_image_url":"https://media.geeksforgeeks.org/auth/avatar.png","score":420,"monthly_score":"12","total_problems_solved":81,"institute_rank":5,"pod_solved_longest_streak":9,"pod_solved_current_streak":0}}
        """;

    private const string Solved = """
        {"status":"success","message":"submissions fetched","count":81,"result":{"School":{},"Basic":{"700001":{"slug":"a"}},"Easy":{"700002":{"slug":"b"},"700003":{"slug":"c"}},"Medium":{"700004":{"slug":"d"}},"Hard":{}}}
        """;

    [Fact]
    public async Task BothHosts_MakeOneProfile()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(Solved));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal((81, 3, 1, 0), (profile.SolvedTotal, profile.SolvedEasy, profile.SolvedMedium, profile.SolvedHard));
        Assert.Equal(("sample", "#5 of its institute", "https://media.geeksforgeeks.org/auth/avatar.png"), (profile.Handle, profile.Rank, profile.Avatar));
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal((420, 12, 9), ((int?)details["score"], (int?)details["monthlyScore"], (int?)details["longestStreak"]));
    }

    [Fact]
    public async Task Requests_LookLikeTheSitesOwn()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json(Solved));
        await harness.ProfileAsync("sample");

        Assert.All(harness.Upstream.Seen, call =>
        {
            Assert.StartsWith("Mozilla/5.0", call.Header("User-Agent"), StringComparison.Ordinal);
            Assert.Equal("https://www.geeksforgeeks.org", call.Header("Origin"));
            Assert.Equal("https://www.geeksforgeeks.org/", call.Header("Referer"));
        });
        Assert.Equal("?handle=sample&article_count=false&redirect=true", harness.Upstream.Seen[0].Query);
        Assert.Equal(("POST", "/second/api/v1/user/problems/submissions/"), (harness.Upstream.Seen[1].Method, harness.Upstream.Seen[1].Path));
        Assert.Equal("sample", (string?)JsonNode.Parse(harness.Upstream.Seen[1].Body)!["handle"]);
    }

    [Theory]
    [InlineData(400, "User not found")]
    [InlineData(400, "Please enter valid user details")]
    [InlineData(404, "nothing here")]
    [InlineData(406, "nothing here")]
    [InlineData(200, "User not found")]
    public async Task UnknownUser_IsMissing_InEveryWayItIsSaid(int status, string message)
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json($$"""{"status":"failed","message":"{{message}}"}""", status), ScriptedAnswer.Json(Solved));

        var missing = Assert.IsType<CallMissing>(await harness.FetchAsync("nobody"));

        Assert.Equal(("geeksforgeeks: user not found", message), (missing.Cause, missing.Message));
        Assert.Single(harness.Upstream.Seen);
    }

    [Fact]
    public async Task OtherComplaint_IsNoMissingUser()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json("""{"message":"handle parameter is required"}""", 400), ScriptedAnswer.Json(Solved));

        Assert.Equal("geeksforgeeks: unexpected HTTP 400", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Fact]
    public async Task FailedSubmissions_LeaveDifficultiesOpen()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json("""{"status":"failed","message":"no"}"""));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal(81, profile.SolvedTotal);
        Assert.Null(profile.SolvedEasy);
    }

    [Fact]
    public async Task SubmissionsThatHaveToWait_AreWaitedFor()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(Profile), ScriptedAnswer.Json("{}", 500));

        Assert.IsType<CallTroubled>(await harness.FetchAsync("sample"));
    }

    private static async Task<PlatformHarness> StartAsync(ScriptedAnswer profile, ScriptedAnswer solved)
    {
        var harness = await PlatformHarness.StartAsync("geeksforgeeks");
        harness.Upstream.AnswersBy(call => call.Path.StartsWith("/base", StringComparison.Ordinal) ? profile : solved);
        return harness;
    }
}
