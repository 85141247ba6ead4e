using System.Net;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.CodingProfiles;

/// <summary>The page of one profile.</summary>
public sealed class DetailsTests(WebHost host) : IClassFixture<WebHost>
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task Profile_IsShownWithWhatThePlatformSaid()
    {
        await RegisterAsync("codeforces", "Tourist_Like", "team-a");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        Assert.Contains("not fetched yet", await browser.ReadAsync("/coding-profiles/codeforces/tourist_like"), StringComparison.Ordinal);

        using var answer = await browser.SubmitAsync("/coding-profiles/codeforces/tourist_like", Nothing);
        var page = await browser.ReadAsync(answer.Headers.Location!.ToString());

        var expected = host.Simulator.World.Codeforces("Tourist_Like")!;
        Assert.Contains("codeforces was asked, and this is what it said.", page, StringComparison.Ordinal);
        Assert.Contains($"<dt>Rating</dt><dd>{expected.Rating:N0}</dd>", page, StringComparison.Ordinal);
        Assert.Contains("for team-a", page, StringComparison.Ordinal);
        Assert.Contains("<dt>Friend of count</dt>", page, StringComparison.Ordinal);
        Assert.Contains("1 change", page, StringComparison.Ordinal);
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'profile.refresh' AND actor = $1 AND subject = 'codeforces/Tourist_Like'", browser.UserName));
    }

    [Fact]
    public async Task Changes_AreDrawnAsAChart()
    {
        await RegisterAsync("codeforces", "charted", null);
        await host.Postgres.ExecuteAsync("INSERT INTO coding_profile_history (profile_id, at, rating) SELECT id, now() - interval '1 day' * day, 1000 + 100 * (30 - day) FROM coding_profiles, generate_series(1, 30) day WHERE handle = 'charted'");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/coding-profiles/codeforces/charted");

        Assert.Contains("3,900 points at most", page, StringComparison.Ordinal);
        Assert.Contains("30 changes", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Problems solved", page, StringComparison.Ordinal); // never said
    }

    [Theory]
    [InlineData("/coding-profiles/codeforces/never_registered")]
    [InlineData("/coding-profiles/geocities/never_registered")]
    [InlineData("/coding-profiles/codeforces/%01")]
    public async Task ProfileThatIsNot_IsAPageThatSaysSo(string path)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        using var answer = await browser.GetAsync(path);

        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Viewer_SeesIt_AndCannotHaveItAsked()
    {
        await RegisterAsync("codeforces", "watched", null);
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);

        using var answer = await viewer.SubmitAsync("/coding-profiles/codeforces/watched", Nothing, await viewer.TokenAsync("/account/password"));
        var page = await viewer.ReadAsync("/coding-profiles/codeforces/watched");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.DoesNotContain("Refresh now", page, StringComparison.Ordinal);
        Assert.Contains("not fetched yet", page, StringComparison.Ordinal);
    }

    private async Task RegisterAsync(string platform, string handle, string? owner)
    {
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform, handle, owner } });
    }
}
