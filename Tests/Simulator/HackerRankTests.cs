namespace OrleansBulk.Tests.Simulator;

public class HackerRankTests
{
    private static readonly (string, string) Browser = ("User-Agent", Stage.Browser);

    [Fact]
    public async Task Profile_Badges_AndScores_TellTheWorldsNumbers()
    {
        await using var stage = await Stage.StartAsync();
        var expected = stage.World.HackerRank("ada")!;

        var profile = (await stage.GetAsync("/hackerrank/rest/contests/master/hackers/ada/profile", Browser)).Json.GetProperty("model");
        var badges = (await stage.GetAsync("/hackerrank/rest/hackers/ada/badges", Browser)).Json;
        var scores = (await stage.GetAsync("/hackerrank/rest/hackers/ada/scores_elo", Browser)).Json;

        Assert.Equal(expected.Id, profile.GetProperty("id").GetInt64());
        Assert.True(badges.GetProperty("status").GetBoolean());
        Assert.Equal(expected.Badges.Select(badge => badge.Solved), badges.GetProperty("models").EnumerateArray().Select(badge => badge.GetProperty("solved").GetInt32()));
        Assert.Equal(expected.Badges[0].Points, scores[0].GetProperty("practice").GetProperty("score").GetDouble());
        Assert.Equal(expected.Badges[0].Type, scores[0].GetProperty("slug").GetString());
    }

    [Theory]
    [InlineData("/hackerrank/rest/contests/master/hackers/missing_bo/profile")]
    [InlineData("/hackerrank/rest/hackers/missing_bo/badges")]
    [InlineData("/hackerrank/rest/hackers/missing_bo/scores_elo")]
    public async Task UnknownUser_Is404(string path)
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal(404, (await stage.GetAsync(path, Browser)).Status);
    }

    [Fact]
    public async Task WithoutABrowsersUserAgent_IsAChallenge()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync("/hackerrank/rest/hackers/ada/badges");
        Assert.Equal((403, "text/html"), (answer.Status, answer.ContentType));
    }
}
