using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed partial class GitHubGraphTests
{
    [Fact]
    public async Task Logins_ShareAQuery_AndEachGetsItsOwn()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.AnswersBy(Resolve);

        var results = await harness.FetchAllAsync("ada-s", "Bo", "cem");

        Assert.Equal(["ada-s", "Bo", "cem"], results.Select(result => PlatformHarness.Profile(result).Handle));
        var call = Assert.Single(harness.Upstream.Seen);
        Assert.Equal(("POST", "/base/graphql", "Bearer ghp_sample"), (call.Method, call.Path, call.Header("Authorization")));
        Assert.StartsWith("OrleansBulk", call.Header("User-Agent"), StringComparison.Ordinal);
        Assert.Equal(3, harness.Platform.ProfilesPerCall);
        Assert.Equal([1, 0, 0], results.Select(result => result.Cost.Calls));
    }

    [Fact]
    public async Task Fields_AreThoseOfTheRestAnswer()
    {
        await using var harness = await StartAsync();
        harness.Upstream.AnswersBy(Resolve);

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal(("User", "https://avatars.githubusercontent.com/u/1?v=4"), (profile.Rank, profile.Avatar));
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal((17, 9, 8), ((int?)details["followers"], (int?)details["following"], (int?)details["repositories"]));
        Assert.Equal("2011-01-25T18:44:36Z", (string?)details["createdAt"]);
        Assert.Null(profile.ETag);
    }

    [Fact]
    public async Task WhoIsNoPerson_IsAskedForByRest()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.AnswersBy(call => call.Path switch
        {
            "/base/users/org-sample" => GitHubRestTests.User("org-sample"),
            "/base/graphql" => Resolve(call),
            _ => GitHubRestTests.Message("Not Found", 404),
        });

        var results = await harness.FetchAllAsync("ada-s", "org-sample", "missing-s");

        Assert.Equal("org-sample", PlatformHarness.Profile(results[1]).Handle);
        Assert.Equal("github: account not found", Assert.IsType<CallMissing>(results[2]).Cause);
        Assert.Equal(3, harness.Upstream.Seen.Count);
        Assert.Equal(3, results.Sum(result => result.Cost.Calls));
    }

    [Fact]
    public async Task UsedUpPoints_CloseTheGate()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json($$$$"""
            {"data":{"u0":{{{{Person("sample")}}}},"rateLimit":{"cost":1,"remaining":0,"resetAt":"2026-01-01T00:30:00Z"}}}
            """));

        Assert.IsType<CallAnswered<OrleansBulk.CodingProfiles.PlatformAnswer>>(await harness.FetchAsync("sample"));

        Assert.Equal(TimeSpan.FromMinutes(30), Assert.IsType<CallDeferred>(await harness.FetchAsync("other")).After);
    }

    [Fact]
    public async Task RateLimited_IsThrottling_ThoughTheStatusIs200()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(GitHubRestTests.Limited(
            ScriptedAnswer.Json("""{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1234."}]}"""), harness, remaining: 0, resetInMinutes: 20));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.InRange(deferred.After, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(20.1));
        Assert.Equal(0, deferred.Attempts);
    }

    [Fact]
    public async Task SecondaryLimitWithStatus200_IsThrottling()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"data":null,"errors":[{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}]}"""));

        Assert.Equal(TimeSpan.FromSeconds(60), Assert.IsType<CallDeferred>(await harness.FetchAsync("sample")).After);
    }

    [Fact]
    public async Task BadCredentials_AreARefusalThatSaysWhatToDo()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(GitHubRestTests.Message("Bad credentials", 401));

        var results = await harness.FetchAllAsync("ada-s", "bo-s");

        Assert.All(results, result => Assert.Contains("Upstreams:github:Token", Assert.IsType<CallRefused>(result).Reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task QueryThatNoLongerFits_IsDrift()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"errors":[{"path":["query","u0","company"],"extensions":{"code":"undefinedField","typeName":"User","fieldName":"company"},"locations":[{"line":1,"column":9}],"message":"Field 'company' doesn't exist on type 'User'"}]}
            """));

        var garbled = Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));

        Assert.Equal("github: answer has changed shape", garbled.Cause);
        Assert.Contains("company", garbled.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task QueryThatTookTooLong_IsTrouble()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout."}]}"""));

        Assert.Contains("Something went wrong", Assert.IsType<CallTroubled>(await harness.FetchAsync("sample")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TroubleWithOneAccount_LeavesTheOthersTheirAnswers()
    {
        await using var harness = await StartAsync(batch: 2, attempts: 2);
        harness.Upstream.Answers(ScriptedAnswer.Json($$$$"""
            {"data":{"u0":{{{{Person("ada-s")}}}},"u1":null,"rateLimit":{"cost":1,"remaining":4999,"resetAt":"2026-01-01T01:00:00Z"}},"errors":[{"type":"SERVICE_UNAVAILABLE","path":["u1","followers"],"message":"temporarily unavailable"}]}
            """));

        var results = await harness.FetchAllAsync("ada-s", "bo-s");

        Assert.Equal("ada-s", PlatformHarness.Profile(results[0]).Handle);
        Assert.Equal(1, Assert.IsType<CallDeferred>(results[1]).Attempts);
    }

    [Fact]
    public async Task TroubleWithOneAccount_EndsWithItsTries()
    {
        await using var harness = await StartAsync(attempts: 2);
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"data":{"u0":null},"errors":[{"type":"SERVICE_UNAVAILABLE","path":["u0"],"message":"temporarily unavailable"}]}
            """));

        Assert.Equal(2, Assert.IsType<CallTroubled>(await harness.FetchAsync("sample", attemptsSpent: 1)).Attempts);
    }

    [Fact]
    public async Task AnotherAccountsAnswer_IsNotStored()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(ScriptedAnswer.Json($$$$"""{"data":{"u0":{{{{Person("bo-s")}}}},"u1":{{{{Person("bo-s")}}}}}}"""));

        var results = await harness.FetchAllAsync("ada-s", "bo-s");

        Assert.Equal("github: answer about another", Assert.IsType<CallGarbled>(results[0]).Cause);
        Assert.Equal("bo-s", PlatformHarness.Profile(results[1]).Handle);
    }

    [Fact]
    public async Task MissingAlias_IsDrift()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(ScriptedAnswer.Json($$$$"""{"data":{"u0":{{{{Person("ada-s")}}}}}}"""));

        Assert.All(await harness.FetchAllAsync("ada-s", "bo-s"), result => Assert.Equal("github: answer has changed shape", Assert.IsType<CallGarbled>(result).Cause));
    }

    [Fact]
    public void LoginInAQuery_StaysAText()
    {
        var query = OrleansBulk.CodingProfiles.GitHubGraph.Query(["x\"){viewer{login}} y: user(login:\"z", "back\\slash", "line\nbreak"]);

        Assert.DoesNotContain("\"){viewer", query, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', query);
        Assert.Equal(3, UserField().Count(query));
    }

    [GeneratedRegex("u[0-9]+: user\\(login:\"(?:[^\"\\\\]|\\\\.)*\"\\)")]
    private static partial Regex UserField();

    private static Task<PlatformHarness> StartAsync(int batch = 1, int attempts = 1) =>
        PlatformHarness.StartAsync("github", options => options with { Token = "ghp_sample", Batch = batch, Attempts = attempts });

    /// <summary>As GitHub does it: persons are found, others are null with an error beside the data.</summary>
    private static ScriptedAnswer Resolve(SeenCall call)
    {
        var query = (string)JsonNode.Parse(call.Body)!["query"]!;
        var data = new JsonObject();
        var errors = new JsonArray();
        foreach (Match match in Alias().Matches(query))
        {
            var (alias, login) = (match.Groups[1].Value, match.Groups[2].Value);
            var isPerson = !login.StartsWith("org-", StringComparison.Ordinal) && !login.StartsWith("missing-", StringComparison.Ordinal);
            data[alias] = isPerson ? JsonNode.Parse(Person(login)) : null;
            if (!isPerson)
            {
                errors.Add(new JsonObject { ["type"] = "NOT_FOUND", ["path"] = new JsonArray(alias), ["message"] = $"Could not resolve to a User with the login of '{login}'." });
            }
        }

        data["rateLimit"] = new JsonObject { ["cost"] = 1, ["remaining"] = 4999, ["resetAt"] = "2026-01-01T01:00:00Z" };
        var answer = new JsonObject { ["data"] = data };
        if (errors.Count > 0)
        {
            answer["errors"] = errors;
        }

        return ScriptedAnswer.Json(answer.ToJsonString());
    }

    [GeneratedRegex("(u[0-9]+): user\\(login:\"([^\"]*)\"\\)")]
    private static partial Regex Alias();

    private static string Person(string login) => $$"""
        {"login":"{{login}}","name":"Sam Sample","company":null,"location":"Oslo","bio":null,"avatarUrl":"https://avatars.githubusercontent.com/u/1?v=4","websiteUrl":null,"twitterUsername":null,
        "followers":{"totalCount":17},"following":{"totalCount":9},"repositories":{"totalCount":8},"createdAt":"2011-01-25T18:44:36Z","updatedAt":"2025-01-22T11:27:22Z"}
        """;
}
