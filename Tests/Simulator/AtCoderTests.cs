using System.Text.Json;

namespace OrleansBulk.Tests.Simulator;

public class AtCoderTests
{
    private const string Api = "/atcoder-problems/atcoder-api/v3";

    [Fact]
    public async Task Ranks_TellCountAndRankWithoutRegardToCase()
    {
        await using var stage = await Stage.StartAsync();
        var expected = stage.World.AtCoder("ada")!;

        var accepted = (await stage.GetAsync($"{Api}/user/ac_rank?user=ADA")).Json;
        var points = (await stage.GetAsync($"{Api}/user/rated_point_sum_rank?user=ada")).Json;
        var streak = (await stage.GetAsync($"{Api}/user/streak_rank?user=ada")).Json;

        Assert.Equal((expected.AcceptedCount, expected.AcceptedRank), (accepted.GetProperty("count").GetInt32(), accepted.GetProperty("rank").GetInt32()));
        Assert.Equal(expected.RatedPointSum, points.GetProperty("count").GetInt64());
        Assert.Equal(expected.Streak, streak.GetProperty("count").GetInt32());
    }

    [Theory]
    [InlineData("ac_rank")]
    [InlineData("rated_point_sum_rank")]
    [InlineData("streak_rank")]
    public async Task Ranks_Are404ForTheUnknown(string what)
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal(404, (await stage.GetAsync($"{Api}/user/{what}?user=missing_bo")).Status);
    }

    [Fact]
    public async Task Languages_AreEmptyForTheUnknownAndTheOldSummaryIsZero()
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal("[]", (await stage.GetAsync($"{Api}/user/language_rank?user=missing_bo")).Body);
        Assert.Equal(0, (await stage.GetAsync($"{Api}/user_info?user=missing_bo")).Json.GetProperty("accepted_count").GetInt32());
        Assert.Equal(2, (await stage.GetAsync($"{Api}/user/language_rank?user=ada")).Json.GetArrayLength());
    }

    [Fact]
    public async Task History_IsOldestFirstAndEmptyForWhoNeverCompeted()
    {
        await using var stage = await Stage.StartAsync();

        var rows = (await stage.GetAsync("/atcoder/users/ada/history/json")).Json.EnumerateArray().ToList();

        var profile = stage.World.AtCoder("ada")!;
        Assert.Equal(profile.Contests.Select(contest => contest.NewRating), rows.Select(row => row.GetProperty("NewRating").GetInt32()));
        Assert.EndsWith("+09:00", rows[0].GetProperty("EndTime").GetString(), StringComparison.Ordinal);
        Assert.Equal("[]", (await stage.GetAsync("/atcoder/users/unrated_bo/history/json")).Body);
        Assert.Equal("[]", (await stage.GetAsync("/atcoder/users/ada/history/json?contestType=heuristic")).Body);
    }

    [Fact]
    public async Task History_TellsTheUnknownBy404OrByAnEmptyListAsTheScenarioSays()
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal(404, (await stage.GetAsync("/atcoder/users/missing_bo/history/json")).Status);

        stage.Simulator.Change(Stage.Upstream("atcoder", """ "notFound":"body" """));

        var answer = await stage.GetAsync("/atcoder/users/missing_bo/history/json");
        Assert.Equal((200, "[]"), (answer.Status, answer.Body));
    }

    [Fact]
    public async Task Submissions_ComeInPagesOf500ThatOverlapInTheirLastSecond()
    {
        await using var stage = await Stage.StartAsync();
        var user = Enumerable.Range(0, 50).Select(i => $"user{i}").First(name => stage.World.AtCoder(name)!.AcceptedCount is > 600 and < 1000);
        var ids = new HashSet<long>();
        long from = 0;
        List<JsonElement> page;
        do
        {
            page = [.. (await stage.GetAsync($"{Api}/user/submissions?user={user}&from_second={from}")).Json.EnumerateArray()];
            Assert.True(page.Count <= 500);
            foreach (var row in page) ids.Add(row.GetProperty("id").GetInt64());
            if (page.Count > 0) from = page[^1].GetProperty("epoch_second").GetInt64() + (page.Count < 500 ? 1 : 0);
        }
        while (page.Count == 500);
        Assert.Equal(stage.World.AtCoder(user)!.AcceptedCount, ids.Count);
    }

    [Fact]
    public async Task EachHost_HasItsOwnLimit()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("atcoder", """ "limit":{"calls":1,"perSeconds":3600,"status":429} """));
        Assert.Equal(200, (await stage.GetAsync($"{Api}/user/ac_rank?user=ada")).Status);
        Assert.Equal(200, (await stage.GetAsync("/atcoder/users/ada/history/json")).Status);
        Assert.Equal(429, (await stage.GetAsync("/atcoder/users/ada/history/json")).Status);
        Assert.Equal(2, stage.Simulator.Journal("atcoder").MostInLimitWindow);
    }
}
