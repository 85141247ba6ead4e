using System.Text.Json.Nodes;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class AtCoderPlatformTests
{
    private const string History = """
        [{"IsRated":true,"Place":14,"OldRating":0,"NewRating":1200,"Performance":2400,"InnerPerformance":2400,"ContestScreenName":"sample001.contest.atcoder.jp","ContestName":"Sample Grand Contest 001","ContestNameEn":"","EndTime":"2016-09-04T22:50:00+09:00"},
        {"IsRated":true,"Place":30,"OldRating":1200,"NewRating":2010,"Performance":2600,"InnerPerformance":2600,"ContestScreenName":"sample002.contest.atcoder.jp","ContestName":"サンプル 002","ContestNameEn":"Sample Contest 002","EndTime":"2017-09-04T22:50:00+09:00"},
        {"IsRated":true,"Place":300,"OldRating":2010,"NewRating":1990,"Performance":1800,"InnerPerformance":1800,"ContestScreenName":"sample003.contest.atcoder.jp","ContestName":"Sample 003","ContestNameEn":"","EndTime":"2018-09-04T22:50:00+09:00"},
        {"IsRated":false,"Place":1,"OldRating":0,"NewRating":0,"Performance":0,"InnerPerformance":0,"ContestScreenName":"sample004.contest.atcoder.jp","ContestName":"Sample 004","ContestNameEn":"","EndTime":"2019-09-04T22:50:00+09:00"}]
        """;

    [Fact]
    public async Task RatingComesFromTheSite_AndWhatWasSolvedFromAtCoderProblems()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(History), ScriptedAnswer.Json("""{"count":1234,"rank":567}"""));

        var result = await harness.FetchAsync("Sample");
        var profile = PlatformHarness.Profile(result);

        Assert.Equal((1990, 2010, "blue", 3, 1234), (profile.Rating, profile.MaxRating, profile.Rank, profile.Contests, profile.SolvedTotal));
        Assert.Equal(new DateTimeOffset(2019, 9, 4, 13, 50, 0, TimeSpan.Zero), profile.LastActiveAt);
        Assert.Equal(567, (int?)JsonNode.Parse(profile.Details)!["acceptedRank"]);
        Assert.Equal(2, result.Cost.Calls);
        Assert.Equal(["/second/users/Sample/history/json", "/base/atcoder-api/v3/user/ac_rank"], harness.Upstream.Seen.Select(call => call.Path));
        Assert.Equal("?user=Sample", harness.Upstream.Seen[1].Query);
    }

    [Fact]
    public async Task NeverCompeted_IsUnrated_NotMissing()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json("[]"), ScriptedAnswer.Empty(404));

        var profile = await harness.ProfileAsync("sample");

        Assert.Null(profile.Rating);
        Assert.Null(profile.Rank);
        Assert.Null(profile.Contests);
        Assert.Null(profile.SolvedTotal);
    }

    [Fact]
    public async Task UnknownToTheSiteOnly_IsAProfileWithWhatWasSolved()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html("<html>404 Page Not Found</html>", 404), ScriptedAnswer.Json("""{"count":12,"rank":99999}"""));

        Assert.Equal(12, (await harness.ProfileAsync("sample")).SolvedTotal);
    }

    [Fact]
    public async Task UnknownToBoth_IsMissing()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html("<html>404 Page Not Found</html>", 404), ScriptedAnswer.Empty(404));

        var missing = Assert.IsType<CallMissing>(await harness.FetchAsync("nobody"));

        Assert.Equal("atcoder: user not found", missing.Cause);
        Assert.Equal(2, missing.Cost.Calls);
    }

    [Fact]
    public async Task TroubleWithOneHalf_IsNoHalfProfile()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(History), ScriptedAnswer.Json("{}", 500));

        Assert.IsType<CallTroubled>(await harness.FetchAsync("sample"));
    }

    [Fact]
    public async Task BothCalls_ShareTheWaitOfTheAsk()
    {
        await using var harness = await PlatformHarness.StartAsync("atcoder", options => options with { Limits = CallLimit.ParseList("1 per 20s") });
        Answer(harness, ScriptedAnswer.Json(History), ScriptedAnswer.Json("""{"count":1,"rank":1}"""));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample", waitSeconds: 10));

        Assert.Equal(1, deferred.Cost.Calls);
    }

    [Fact]
    public async Task History_HasRatedContestsOnly()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Json(History), ScriptedAnswer.Empty(404));

        var history = await harness.HistoryAsync("sample");

        Assert.Equal(["Sample Grand Contest 001", "Sample Contest 002", "Sample 003"], history.Points.Select(point => point.Contest));
        Assert.Equal(new RatingPoint(new DateTimeOffset(2016, 9, 4, 13, 50, 0, TimeSpan.Zero), "Sample Grand Contest 001", 14, 0, 1200), history.Points[0]);
    }

    [Fact]
    public async Task MissingSecondUrl_SaysWhichSetting()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => PlatformHarness.StartAsync("atcoder", options => options with { SecondUrl = null }));

        Assert.Contains("Upstreams:atcoder:SecondUrl", error.Message, StringComparison.Ordinal);
    }

    private static async Task<PlatformHarness> StartAsync(ScriptedAnswer site, ScriptedAnswer problems)
    {
        var harness = await PlatformHarness.StartAsync("atcoder");
        Answer(harness, site, problems);
        return harness;
    }

    private static void Answer(PlatformHarness harness, ScriptedAnswer site, ScriptedAnswer problems) =>
        harness.Upstream.AnswersBy(call => call.Path.StartsWith("/second", StringComparison.Ordinal) ? site : problems);
}
