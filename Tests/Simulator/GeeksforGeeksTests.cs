namespace OrleansBulk.Tests.Simulator;

public class GeeksforGeeksTests
{
    private const string Profile = "/geeksforgeeks-auth/api-get/user-profile-info/";
    private const string Submissions = "/geeksforgeeks-practice/api/v1/user/problems/submissions/";

    private static object Ask(string handle, string requestType = "") => new { handle, requestType, year = "", month = "" };

    [Fact]
    public async Task Profile_TellsTheWorldsNumbers()
    {
        await using var stage = await Stage.StartAsync();
        var data = (await stage.GetAsync($"{Profile}?handle=ada&article_count=false&redirect=true")).Json.GetProperty("data");
        var expected = stage.World.GeeksforGeeks("ada")!;
        Assert.Equal((expected.Score, expected.TotalSolved), (data.GetProperty("score").GetInt32(), data.GetProperty("total_problems_solved").GetInt32()));
    }

    [Fact]
    public async Task Submissions_AreGroupedByDifficultyOrByDay()
    {
        await using var stage = await Stage.StartAsync();
        var expected = stage.World.GeeksforGeeks("ada")!;

        var byDifficulty = (await stage.PostJsonAsync(Submissions, Ask("ada"))).Json;
        var byDay = (await stage.PostJsonAsync(Submissions, Ask("ada", "getYearwiseUserSubmissions"))).Json;

        Assert.Equal("success", byDifficulty.GetProperty("status").GetString());
        Assert.Equal(expected.TotalSolved, byDifficulty.GetProperty("count").GetInt32());
        var groups = byDifficulty.GetProperty("result");
        Assert.Equal(["School", "Basic", "Easy", "Medium", "Hard"], groups.EnumerateObject().Select(group => group.Name));
        Assert.Equal(expected.Easy, groups.GetProperty("Easy").EnumerateObject().Count());
        Assert.Equal(expected.TotalSolved, byDay.GetProperty("result").EnumerateObject().Sum(day => day.Value.GetInt32()));
    }

    [Fact]
    public async Task UnknownUser_Is400OrAFailedBodyAsTheScenarioSays()
    {
        await using var stage = await Stage.StartAsync();

        var byStatus = await stage.GetAsync($"{Profile}?handle=missing_bo");
        var submissionsByStatus = await stage.PostJsonAsync(Submissions, Ask("missing_bo"));
        stage.Simulator.Change(Stage.Upstream("geeksforgeeks", """ "notFound":"body" """));
        var byBody = await stage.PostJsonAsync(Submissions, Ask("missing_bo"));

        Assert.Equal((400, "User not found"), (byStatus.Status, byStatus.Json.GetProperty("message").GetString()));
        Assert.Equal(400, submissionsByStatus.Status);
        Assert.Contains("valid user details", submissionsByStatus.Body, StringComparison.Ordinal);
        Assert.Equal((200, "failed"), (byBody.Status, byBody.Json.GetProperty("status").GetString()));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"handle":7}""")]
    public async Task ABodyWithoutAHandle_Is400(string body)
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.SendAsync(Stage.Request(HttpMethod.Post, Submissions, new StringContent(body)));
        Assert.Equal(400, answer.Status);
    }
}
