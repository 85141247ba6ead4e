using System.Text.Json.Nodes;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class CodeChefPlatformTests
{
    private const string Page = """
        <!DOCTYPE html><html><head><title>sample | CodeChef User Profile for Sam &amp; Sample</title></head><body><main class="user-profile">
        <header><h1 class="h2-style">Sam &amp; Sample</h1></header><span class="m-username--link">sample</span><span class="user-country-name">Norway</span>
        <div class="rating-header text-center"><div class="rating-number">1834</div>
        <div class="rating-star"><span>&#9733;</span><span>&#9733;</span><span>&#9733;</span><span>★</span></div><small>(Highest Rating 1901)</small></div>
        <div class="rating-ranks"><ul class="inline-list"><li><a href="#"><strong>4321</strong></a> Global Rank</li><li><a href="#"><strong>21</strong></a> Country Rank</li></ul></div>
        <div class="contest-participated-count">No. of Contests Participated: <b>2</b></div>
        <section class="rating-data-section problems-solved"><h3>Total Problems Solved: 345</h3></section>
        <script>var all_rating = [{"code":"S1","getyear":"2024","getmonth":"1","getday":"17","reason":"","penalised_in":null,"rating":"1700","rank":"900","name":"Sample Starters [1]","end_date":"2024-01-17 22:00:00","color":"#684273"},
        {"code":"S2","getyear":"2024","getmonth":"2","getday":"21","reason":"","penalised_in":null,"rating":"1834","rank":"512","name":"Sample Starters 2","end_date":"2024-02-21 22:00:00","color":"#684273"}];</script></main></body></html>
        """;

    [Fact]
    public async Task ProfilePage_IsRead()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page));

        var profile = await harness.ProfileAsync("Sample");

        Assert.Equal(("sample", 1834, 1901, "4★", 345, 2), (profile.Handle, profile.Rating, profile.MaxRating, profile.Rank, profile.SolvedTotal, profile.Contests));
        Assert.Equal("Norway", profile.Country);
        Assert.Equal(new DateTimeOffset(2024, 2, 21, 22, 0, 0, TimeSpan.Zero), profile.LastActiveAt);
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal(("Sam & Sample", 4321, 21), ((string?)details["name"], (int?)details["globalRank"], (int?)details["countryRank"]));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("https://www.codechef.com/")]
    [InlineData("/codechef/")]
    public async Task RedirectToTheHomePage_IsAMissingUser(string location)
    {
        await using var harness = await StartAsync(ScriptedAnswer.Empty(302).With("Location", location));

        Assert.Equal("codechef: user not found", Assert.IsType<CallMissing>(await harness.FetchAsync("nobody")).Cause);
    }

    [Fact]
    public async Task RedirectToAnotherProfile_IsNoMissingUser()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Empty(301).With("Location", "/users/sample2"));

        Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));
    }

    [Fact]
    public async Task PageWithoutTheRatingsMark_IsNoProfile()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page.Replace("rating-number", "score-number", StringComparison.Ordinal)));

        Assert.Equal("codechef: answer has changed shape", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Fact]
    public async Task AnotherUsersPage_IsNotStored()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page));

        Assert.Equal("codechef: answer about another", Assert.IsType<CallGarbled>(await harness.FetchAsync("somebody")).Cause);
    }

    [Fact]
    public async Task RatingOfZero_IsUnrated()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page
            .Replace(">1834<", ">0<", StringComparison.Ordinal)
            .Replace("Highest Rating 1901", "Highest Rating 0", StringComparison.Ordinal)
            .Replace("<span>&#9733;</span>", "", StringComparison.Ordinal)
            .Replace("<span>★</span>", "", StringComparison.Ordinal)));

        var profile = await harness.ProfileAsync("sample");

        Assert.Null(profile.Rating);
        Assert.Null(profile.MaxRating);
        Assert.Null(profile.Rank);
    }

    [Fact]
    public async Task History_IsInTheScript()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page));

        var history = await harness.HistoryAsync("sample");

        Assert.Equal(
            [new RatingPoint(new DateTimeOffset(2024, 1, 17, 22, 0, 0, TimeSpan.Zero), "Sample Starters [1]", 900, 0, 1700), new RatingPoint(new DateTimeOffset(2024, 2, 21, 22, 0, 0, TimeSpan.Zero), "Sample Starters 2", 512, 1700, 1834)],
            history.Points);
    }

    [Fact]
    public async Task CutScript_IsNoHistory()
    {
        await using var harness = await StartAsync(ScriptedAnswer.Html(Page[..Page.IndexOf("\"code\":\"S2\"", StringComparison.Ordinal)]));

        Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));
    }

    private static async Task<PlatformHarness> StartAsync(ScriptedAnswer answer)
    {
        var harness = await PlatformHarness.StartAsync("codechef");
        harness.Upstream.Answers(answer);
        return harness;
    }
}
