using System.Text.Json;

namespace OrleansBulk.Tests.Simulator;

public class GitHubGraphQlTests
{
    private static readonly (string, string)[] Headers = [("User-Agent", "tests"), ("Authorization", "Bearer a")];
    private const string Fields = "login name company location bio followers{totalCount} following{totalCount} repositories(ownerAffiliations:OWNER){totalCount} createdAt";

    private static Task<Answer> AskAsync(Stage stage, string query, object? variables = null) => stage.PostJsonAsync("/github/graphql", new { query, variables }, Headers);

    [Fact]
    public async Task Aliases_AskForManyUsersAtOnce()
    {
        await using var stage = await Stage.StartAsync();
        var users = Enumerable.Range(0, 50).Select(i => $"user-{i}").ToList();
        var query = "query { " + string.Join(' ', users.Select((user, i) => $"u{i}: user(login:\"{user}\"){{ {Fields} }}")) + " rateLimit{ cost remaining resetAt } }";

        var data = (await AskAsync(stage, query)).Json.GetProperty("data");

        for (var i = 0; i < users.Count; i++)
        {
            var (expected, told) = (stage.World.GitHub(users[i])!, data.GetProperty($"u{i}"));
            Assert.Equal((expected.Login, expected.Followers), (told.GetProperty("login").GetString(), told.GetProperty("followers").GetProperty("totalCount").GetInt32()));
        }
        Assert.Equal(1, data.GetProperty("rateLimit").GetProperty("cost").GetInt32());
        Assert.Equal(50, stage.Simulator.Journal("github").Keys.Answered);
    }

    [Theory]
    [InlineData("missing-404")]
    [InlineData("org-acme")]
    public async Task WhoIsNoUser_IsNullWithANotFoundErrorAtItsPath(string login)
    {
        await using var stage = await Stage.StartAsync();

        var answer = await AskAsync(stage, $$"""query { u0: user(login:"ada"){ login } u1: user(login:"{{login}}"){ login } }""");

        Assert.Equal(200, answer.Status);
        Assert.Equal(JsonValueKind.Null, answer.Json.GetProperty("data").GetProperty("u1").ValueKind);
        Assert.Equal(JsonValueKind.Object, answer.Json.GetProperty("data").GetProperty("u0").ValueKind);
        var error = Assert.Single(answer.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal(("NOT_FOUND", "u1"), (error.GetProperty("type").GetString(), error.GetProperty("path")[0].GetString()));
        Assert.Equal($"Could not resolve to a User with the login of '{login}'.", error.GetProperty("message").GetString());
        Assert.Equal((1, 1), ((int)stage.Simulator.Journal("github").Keys.Answered, (int)stage.Simulator.Journal("github").Keys.NotFound));
    }

    [Fact]
    public async Task VariablesAndFragments_AreUnderstood()
    {
        await using var stage = await Stage.StartAsync();
        const string query = """
            query($a: String!, $b: String!) { x: user(login: $a) { ...U } y: user(login: $b) { ... on User { login } } }
            fragment U on User { login followers { totalCount } __typename }
            """;
        var data = (await AskAsync(stage, query, new { a = "ada", b = "bo" })).Json.GetProperty("data");
        Assert.Equal("ada", data.GetProperty("x").GetProperty("login").GetString(), ignoreCase: true);
        Assert.Equal("User", data.GetProperty("x").GetProperty("__typename").GetString());
        Assert.Equal("bo", data.GetProperty("y").GetProperty("login").GetString(), ignoreCase: true);
    }

    [Fact]
    public async Task FieldsThatDoNotExist_Are200WithErrorsAndNoData()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await AskAsync(stage, """query { u0: user(login:"ada"){ shoeSize } }""");
        Assert.Equal(200, answer.Status);
        Assert.False(answer.Json.TryGetProperty("data", out _));
        Assert.Equal("Field 'shoeSize' doesn't exist on type 'User'", answer.Json.GetProperty("errors")[0].GetProperty("message").GetString());
        Assert.Equal("undefinedField", answer.Json.GetProperty("errors")[0].GetProperty("extensions").GetProperty("code").GetString());
    }

    [Fact]
    public async Task WithoutAToken_Is401()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.PostJsonAsync("/github/graphql", new { query = "{ viewer { login } }" }, ("User-Agent", "tests"));
        Assert.Equal(401, answer.Status);
    }

    [Fact]
    public async Task Points_AreCountedApartFromRestAndToldInTheAnswer()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{} """), new ManualClock());
        await stage.GetAsync("/github/users/ada", Headers);
        var answer = await AskAsync(stage, "{ rateLimit { limit cost remaining used resetAt } }");
        var rate = answer.Json.GetProperty("data").GetProperty("rateLimit");
        Assert.Equal((5000, 1, 4999), (rate.GetProperty("limit").GetInt32(), rate.GetProperty("cost").GetInt32(), rate.GetProperty("remaining").GetInt32()));
        Assert.Equal("2026-01-05T13:00:00Z", rate.GetProperty("resetAt").GetString());
        Assert.Equal("graphql", answer.Header("X-RateLimit-Resource"));
    }

    [Fact]
    public async Task PointsUsedUp_Are200RateLimitedWithNothingRemaining()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("github", """ "quota":{"limit":1} """));
        await AskAsync(stage, """{ user(login:"ada"){ login } }""");
        var answer = await AskAsync(stage, """{ user(login:"ada"){ login } }""");
        Assert.Equal((200, "0"), (answer.Status, answer.Header("X-RateLimit-Remaining")));
        Assert.Equal("RATE_LIMITED", answer.Json.GetProperty("errors")[0].GetProperty("type").GetString());
        Assert.Equal(1, stage.Simulator.Journal("github").Refused.OverQuota);
    }
}
