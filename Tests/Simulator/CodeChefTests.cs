using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansBulk.Tests.Simulator;

public partial class CodeChefTests
{
    [Fact]
    public async Task ProfilePage_HoldsTheElementsThatReadersLookFor()
    {
        await using var stage = await Stage.StartAsync();

        var answer = await stage.GetAsync("/codechef/users/ada");

        var expected = stage.World.CodeChef("ada")!;
        Assert.Equal((200, "text/html"), (answer.Status, answer.ContentType));
        Assert.Contains($"<div class=\"rating-number\">{expected.Rating}</div>", answer.Body, StringComparison.Ordinal);
        Assert.Equal(expected.Stars, Star().Count(answer.Body));
        Assert.Contains($"Highest Rating {expected.HighestRating}", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"Total Problems Solved: {expected.Solved}", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"No. of Contests Participated: <b>{expected.Contests.Count}</b>", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProfilePage_EmbedsTheHistoryWithNumbersAsText()
    {
        await using var stage = await Stage.StartAsync();
        var page = (await stage.GetAsync("/codechef/users/ada")).Body;

        var history = JsonDocument.Parse(AllRating().Match(page).Groups[1].Value).RootElement.EnumerateArray().ToList();

        Assert.Equal(stage.World.CodeChef("ada")!.Contests.Select(contest => contest.NewRating.ToString()), history.Select(row => row.GetProperty("rating").GetString()));
    }

    [Fact]
    public async Task UnknownUser_IsSentToTheHomePage()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync("/codechef/users/missing_bo");
        Assert.Equal(302, answer.Status);
        Assert.Equal("/codechef/", answer.Header("Location"));
        Assert.Equal("text/html", (await stage.GetAsync("/codechef/")).ContentType);
    }

    [Fact]
    public async Task Ratings_WantTheTokenOfThePageAndItsCookie()
    {
        await using var stage = await Stage.StartAsync();
        var page = await stage.GetAsync("/codechef/ratings/all");
        var token = Token().Match(page.Body).Groups[1].Value;
        var cookie = page.Header("Set-Cookie")!.Split(';')[0];
        const string path = "/codechef/api/ratings/all?sortBy=global_rank&order=asc&search=ada&page=1&itemsPerPage=40";

        var allowed = await stage.GetAsync(path, ("x-csrf-token", token), ("Cookie", cookie));
        var wrongToken = await stage.GetAsync(path, ("x-csrf-token", "x"), ("Cookie", cookie));
        var noCookie = await stage.GetAsync(path, ("x-csrf-token", token));

        Assert.Equal(64, token.Length);
        Assert.Equal(stage.World.CodeChef("ada")!.Rating.ToString(), allowed.Json.GetProperty("list")[0].GetProperty("rating").GetString());
        Assert.All([wrongToken, noCookie], answer =>
        {
            Assert.Equal(403, answer.Status);
            Assert.Equal("""{"status":"apierror","message":"Something went wrong"}""", answer.Body);
        });
    }

    [Fact]
    public async Task Unrated_HasZeroStars()
    {
        await using var stage = await Stage.StartAsync();
        var page = (await stage.GetAsync("/codechef/users/unrated_bo")).Body;
        Assert.Contains("<div class=\"rating-number\">0</div>", page, StringComparison.Ordinal);
        Assert.Contains("var all_rating = [];", page, StringComparison.Ordinal);
    }

    [GeneratedRegex("&#9733;")]
    private static partial Regex Star();

    [GeneratedRegex("var all_rating = (\\[.*?\\]);")]
    private static partial Regex AllRating();

    [GeneratedRegex("window\\.csrfToken=\"([^\"]+)\"")]
    private static partial Regex Token();
}
