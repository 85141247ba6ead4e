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

    [Fact]
    public async Task OwnerAndStaleness_Filter_AndARefreshOfAllThatMatchMeansThem()
    {
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "leetcode", handle = "owned1", owner = "team & co" }, new { platform = "leetcode", handle = "owned2", owner = "others" } });
        await program.GetAsync("/api/coding-profiles/leetcode/owned1");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var owned = await browser.ReadAsync("/coding-profiles?owner=team%20%26%20co");

        Assert.Equal(["owned1"], Handle().Matches(owned).Select(handle => handle.Groups[1].Value));
        Assert.Contains("No profile matches.", await browser.ReadAsync("/coding-profiles?owner=team%20%26%20co&older=3600"), StringComparison.Ordinal);
        var preview = await browser.ReadAsync(WebUtility.HtmlDecode(All().Match(owned).Groups[1].Value));
        Assert.Contains("<dt>Profiles</dt><dd>1</dd>", preview, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TickedProfiles_AreRefreshed_AndNoOthers()
    {
        await RegisterAsync("ticked", 5);
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var ids = Tick().Matches(await browser.ReadAsync("/coding-profiles?query=ticked")).Select(tick => tick.Groups[1].Value).Take(2).ToArray();

        var preview = await browser.ReadAsync($"/jobs/start?profile={ids[0]}&profile={ids[1]}");
        Assert.Contains("<dt>Profiles</dt><dd>2</dd>", preview, StringComparison.Ordinal);

        var fields = Hidden().Matches(preview[preview.IndexOf("What it would do", StringComparison.Ordinal)..]).Select(field => KeyValuePair.Create(field.Groups[1].Value, WebUtility.HtmlDecode(field.Groups[2].Value))).ToList();
        using var started = await browser.PostFieldsAsync("/jobs/start", fields);
        var id = Guid.Parse(started.Headers.Location!.ToString()["/jobs/".Length..]);
        Assert.Equal(2, (await program.WhenAsync(id, "completed")).GetProperty("progress").GetProperty("succeeded").GetInt32());
    }

    [Fact]
    public async Task TickThatIsNoId_StartsNothing_InsteadOfEverything()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var answer = await browser.GetAsync("/jobs/start?profile=everything");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.DoesNotContain("Start the job", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task RegisterAsync(string handle, int count)
    {
        using var program = host.Program();
        Assert.Equal(count, (await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, count).Select(number => new { platform = "codeforces", handle = $"{handle}{number}" }))).Json.GetProperty("registered").GetInt32());
    }

    [GeneratedRegex("<td class=\"lead\"><a[^>]*><code>([^<]+)</code>")]
    private static partial Regex Handle();

    [GeneratedRegex("href=\"(/jobs/start[^\"]+)\"")]
    private static partial Regex All();

    [GeneratedRegex("type=\"checkbox\" name=\"profile\" value=\"([^\"]+)\"")]
    private static partial Regex Tick();

    [GeneratedRegex("<input[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"")]
    private static partial Regex Hidden();

    [GeneratedRegex("<a[^>]*href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Next();
}
