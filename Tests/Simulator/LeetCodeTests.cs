using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class LeetCodeTests
{
    private const string Profile = """
        query userPublicProfile($username: String!) {
          allQuestionsCount { difficulty count }
          matchedUser(username: $username) {
            username githubUrl twitterUrl linkedinUrl
            profile { realName userAvatar ranking reputation starRating countryName company school skillTags websites aboutMe }
            submitStatsGlobal { acSubmissionNum { difficulty count submissions } }
            submitStats { acSubmissionNum { difficulty count submissions } totalSubmissionNum { difficulty count submissions } }
            submissionCalendar
            badges { id displayName icon creationDate }
          }
        }
        """;

    private const string Contest = """
        query userContest($username: String!) {
          userContestRanking(username: $username) { attendedContestsCount rating globalRanking totalParticipants topPercentage badge { name } }
        }
        """;

    private const string Both = """
        query both($username: String!) {
          matchedUser(username: $username) { username submitStatsGlobal { acSubmissionNum { difficulty count } } }
          userContestRanking(username: $username) { rating }
        }
        """;

    private static readonly (string, string)[] Headers = [("User-Agent", Stage.Browser), ("Referer", "https://leetcode.com")];

    private static Task<Answer> AskAsync(Stage stage, string query, string user, string path = "/leetcode/graphql") =>
        stage.PostJsonAsync(path, new { query, variables = new { username = user } }, Headers);

    [Theory]
    [InlineData("/leetcode/graphql")]
    [InlineData("/leetcode/graphql/")]
    public async Task Profile_TellsTheWorldsNumbers(string path)
    {
        await using var stage = await Stage.StartAsync();

        var data = (await AskAsync(stage, Profile, "ada", path)).Json.GetProperty("data");

        var expected = stage.World.LeetCode("ada")!;
        var user = data.GetProperty("matchedUser");
        Assert.Equal(expected.Username, user.GetProperty("username").GetString());
        Assert.Equal(expected.Ranking, user.GetProperty("profile").GetProperty("ranking").GetInt32());
        Assert.Equal(3273, data.GetProperty("allQuestionsCount")[0].GetProperty("count").GetInt32());
        var solved = user.GetProperty("submitStatsGlobal").GetProperty("acSubmissionNum").EnumerateArray().ToDictionary(Difficulty, row => row.GetProperty("count").GetInt32());
        Assert.Equal(expected.TotalSolved, solved["All"]);
        Assert.Equal(solved["All"], solved["Easy"] + solved["Medium"] + solved["Hard"]);
        static string Difficulty(JsonElement row) => row.GetProperty("difficulty").GetString()!;
    }

    [Fact]
    public async Task Calendar_IsJsonInsideAString()
    {
        await using var stage = await Stage.StartAsync();
        var user = (await AskAsync(stage, Profile, "ada")).Json.GetProperty("data").GetProperty("matchedUser");
        var calendar = JsonSerializer.Deserialize<Dictionary<string, int>>(user.GetProperty("submissionCalendar").GetString()!)!;
        Assert.Equal(stage.World.LeetCode("ada")!.Calendar.Count, calendar.Count);
        Assert.All(calendar.Keys, day => Assert.Equal(0, long.Parse(day) % 86_400));
    }

    [Fact]
    public async Task Contest_TellsTheRatingAndIsNullForTheUnrated()
    {
        await using var stage = await Stage.StartAsync();

        var rated = (await AskAsync(stage, Contest, "ada")).Json.GetProperty("data").GetProperty("userContestRanking");
        var unrated = await AskAsync(stage, Contest, "unrated_bo");

        Assert.Equal(stage.World.LeetCode("ada")!.ContestRating, rated.GetProperty("rating").GetDouble());
        Assert.Equal("""{"data":{"userContestRanking":null}}""", unrated.Body);
    }

    [Fact]
    public async Task BothFields_ComeInOneCall()
    {
        await using var stage = await Stage.StartAsync();
        var data = (await AskAsync(stage, Both, "ada")).Json.GetProperty("data");
        Assert.Equal(["matchedUser", "userContestRanking"], data.EnumerateObject().Select(field => field.Name));
        Assert.Equal(1, stage.Simulator.Journal(Platforms.LeetCode).Operations["matchedUser+userContestRanking"]);
    }

    [Fact]
    public async Task UnknownUser_Is200WithAnErrorAndNulls()
    {
        await using var stage = await Stage.StartAsync();

        var answer = await AskAsync(stage, Both, "missing_bo");

        Assert.Equal(200, answer.Status);
        var error = answer.Json.GetProperty("errors")[0];
        Assert.Equal("That user does not exist.", error.GetProperty("message").GetString());
        Assert.Equal("matchedUser", error.GetProperty("path")[0].GetString());
        Assert.True(error.GetProperty("extensions").GetProperty("handled").GetBoolean());
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("data").GetProperty("matchedUser").ValueKind);
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("data").GetProperty("userContestRanking").ValueKind);
    }

    [Fact]
    public async Task RecentSubmissions_AreEmptyWithoutAnErrorForTheUnknownAndHaveTimesAsText()
    {
        await using var stage = await Stage.StartAsync();
        const string query = "query r($username: String!) { recentAcSubmissionList(username: $username, limit: 3) { id titleSlug timestamp } }";
        var busy = Enumerable.Range(0, 50).Select(i => $"user{i}").First(user => stage.World.LeetCode(user)!.Calendar.Count > 3);

        var known = (await AskAsync(stage, query, busy)).Json.GetProperty("data").GetProperty("recentAcSubmissionList");
        var unknown = await AskAsync(stage, query, "missing_bo");

        Assert.Equal(3, known.GetArrayLength());
        Assert.Equal(JsonValueKind.String, known[0].GetProperty("timestamp").ValueKind);
        Assert.Equal("""{"data":{"recentAcSubmissionList":[]}}""", unknown.Body);
    }

    [Fact]
    public async Task WithoutReferer_Is403Csrf()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.PostJsonAsync("/leetcode/graphql", new { query = Contest, variables = new { username = "ada" } }, ("User-Agent", Stage.Browser));
        Assert.Equal((403, "text/html"), (answer.Status, answer.ContentType));
        Assert.Contains("CSRF verification failed", answer.Body, StringComparison.Ordinal);
        Assert.Contains("Referer", answer.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("python-requests/2.31")]
    public async Task WithoutABrowsersUserAgent_IsAChallenge(string? agent)
    {
        await using var stage = await Stage.StartAsync();
        (string, string)[] headers = agent is null ? [("Referer", "https://leetcode.com")] : [("Referer", "https://leetcode.com"), ("User-Agent", agent)];
        var answer = await stage.PostJsonAsync("/leetcode/graphql", new { query = Contest, variables = new { username = "ada" } }, headers);
        Assert.Equal(403, answer.Status);
        Assert.Contains("Just a moment...", answer.Body, StringComparison.Ordinal);
        Assert.Equal(("cloudflare", "challenge"), (answer.Header("Server"), answer.Header("cf-mitigated")));
    }

    [Theory]
    [InlineData("query q($username: String!) { matchedUser(username: $username) { username shoeSize } }", "Cannot query field \"shoeSize\" on type \"UserNode\".")]
    [InlineData("query q { allUsers { username } }", "Cannot query field \"allUsers\" on type \"Query\".")]
    public async Task FieldsThatDoNotExist_Are400(string query, string message)
    {
        await using var stage = await Stage.StartAsync();
        var answer = await AskAsync(stage, query, "ada");
        Assert.Equal(400, answer.Status);
        Assert.Equal(message, answer.Json.GetProperty("errors")[0].GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("query {")]
    [InlineData("")]
    [InlineData("{ matchedUser(username: \"ada) { username } }")]
    public async Task WhatIsNoGraphQl_Is400(string query)
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal(400, (await AskAsync(stage, query, "ada")).Status);
    }

    [Fact]
    public async Task GetOfTheAddress_HandsOutTheCsrfCookie()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync("/leetcode/graphql/", ("User-Agent", Stage.Browser));
        Assert.StartsWith("csrftoken=", answer.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OverTheLimit_Is429WithoutRetryAfter()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("leetcode", """ "limit":{"calls":1,"perSeconds":3600} """));
        await AskAsync(stage, Contest, "ada");
        var answer = await AskAsync(stage, Contest, "ada");
        Assert.Equal((429, "text/plain"), (answer.Status, answer.ContentType));
        Assert.Null(answer.Headers.RetryAfter);
    }
}
