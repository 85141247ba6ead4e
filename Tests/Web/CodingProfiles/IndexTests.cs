using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.CodingProfiles;

/// <summary>The list of profiles.</summary>
public sealed partial class IndexTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task WalkOverAllPages_MeetsEachProfileOnce_ByPlatformAndHandle()
    {
        await RegisterAsync("walked", 120);
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var seen = new List<string>();
        for (var path = "/coding-profiles?query=WALKED"; path is not null;)
        {
            var page = await browser.ReadAsync(path);
            seen.AddRange(Handle().Matches(page).Select(handle => handle.Groups[1].Value));
            path = Next().Match(page) is { Success: true } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        Assert.Equal(Enumerable.Range(0, 120).Select(number => $"walked{number}").Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public async Task List_IsFiltered_AndShowsWhatThePlatformSaid()
    {
        await RegisterAsync("shown", 2);
        using var program = host.Program();
        await program.GetAsync("/api/coding-profiles/codeforces/shown1");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/coding-profiles?platform=codeforces&state=found&query=shown");

        Assert.Equal(["shown1"], Handle().Matches(page).Select(handle => handle.Groups[1].Value));
        var expected = host.Simulator.World.Codeforces("shown1")!;
        Assert.Contains($">{expected.Rating:N0}<", page, StringComparison.Ordinal);
        Assert.Contains("No profile matches.", await browser.ReadAsync("/coding-profiles?state=missing&query=shown"), StringComparison.Ordinal);
    }

    private async Task RegisterAsync(string handle, int count)
    {
        using var program = host.Program();
        Assert.Equal(count, (await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, count).Select(number => new { platform = "codeforces", handle = $"{handle}{number}" }))).Json.GetProperty("registered").GetInt32());
    }

    [GeneratedRegex("<td class=\"lead\"><code>([^<]+)</code>")]
    private static partial Regex Handle();

    [GeneratedRegex("<a href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Next();
}
