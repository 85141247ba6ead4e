using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>The list of jobs.</summary>
public sealed partial class IndexTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task WalkOverAllPages_MeetsEachJobOnce_NewestFirst()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var ids = new List<Guid>();
        for (var number = 0; number < 60; number++)
        {
            ids.Add(await program.StartPlayedAsync(1));
        }

        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var seen = new List<Guid>();
        for (var path = "/jobs?workload=test"; path is not null;)
        {
            var page = await browser.ReadAsync(path);
            seen.AddRange(Job().Matches(page).Select(job => Guid.Parse(job.Groups[1].Value)));
            path = Older().Match(page) is { Success: true } older ? WebUtility.HtmlDecode(older.Groups[1].Value) : null;
        }

        ids.Reverse();
        Assert.Equal(ids, seen.Where(ids.Contains));
        Assert.Equal(seen.Distinct(), seen);
    }

    [Fact]
    public async Task List_IsFilteredByStatusAndWorkload_AndSaysWhenNothingMatches()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "running");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        Assert.Contains($"/jobs/{id}", await browser.ReadAsync("/jobs?status=running&workload=test"), StringComparison.Ordinal);
        Assert.DoesNotContain($"/jobs/{id}", await browser.ReadAsync("/jobs?status=paused"), StringComparison.Ordinal);
        Assert.Contains("No job matches.", await browser.ReadAsync("/jobs?workload=profile-refresh"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_FindsByIdItsEndKeyAndName_WithinTheOtherFilters()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var key = $"weekly_{Guid.NewGuid():N}";
        var id = await program.StartAsync(new { workload = "test", spec = new { items = 1 }, idempotencyKey = key });
        var other = await program.StartPlayedAsync(1);
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        foreach (var query in new[] { id.ToString(), id.ToString()[..30], id.ToString("N")[^8..], key, key[..20] })
        {
            Assert.Equal([id], Shown(await browser.ReadAsync($"/jobs?q={query}")));
        }

        Assert.Equal([other, id], Shown(await browser.ReadAsync("/jobs?q=key:first")).Take(2));
        Assert.Empty(Shown(await browser.ReadAsync($"/jobs?q={key}&status=failed")));
        Assert.Empty(Shown(await browser.ReadAsync("/jobs?q=weekl%25")));
        Assert.Contains("No job matches.", await browser.ReadAsync("/jobs?q=nobody"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SearchOverSeveralPages_MeetsEachJobOnce()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var key = $"many-{Guid.NewGuid():N}";
        var ids = new List<Guid>();
        for (var number = 0; number < 30; number++)
        {
            ids.Insert(0, await program.StartAsync(new { workload = "test", spec = new { items = 1 }, idempotencyKey = $"{key}-{number}" }));
        }

        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var first = await browser.ReadAsync($"/jobs?q={key}");
        var second = await browser.ReadAsync(WebUtility.HtmlDecode(Older().Match(first).Groups[1].Value));

        Assert.Equal(ids, Shown(first).Concat(Shown(second)));
    }

    [Fact]
    public async Task RowsThatAreShown_AreDrawnAgain_AndNewerOnesOnlyAnnounced()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "completed");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var page = await browser.ReadAsync("/jobs?workload=test");
        var rows = WebUtility.HtmlDecode(Rows().Match(page).Groups[1].Value);
        Assert.DoesNotContain("There are newer jobs", await browser.ReadAsync(rows), StringComparison.Ordinal);

        var newer = await program.StartPlayedAsync(1);
        var drawn = await browser.ReadAsync(rows);

        Assert.Equal(Shown(page), Shown(drawn));
        Assert.DoesNotContain(newer, Shown(drawn));
        Assert.Contains("There are newer jobs", drawn, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/jobs?workload=%00")]
    [InlineData("/jobs?q=%00")]
    [InlineData("/coding-profiles?query=%00")]
    [InlineData("/coding-profiles?after=%00/%00")]
    public async Task FilterThatCannotBe_IsAPageThatSaysSo(string path)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        using var answer = await browser.GetAsync(path);

        Assert.Equal((HttpStatusCode.BadRequest, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    private static List<Guid> Shown(string page) => [.. Job().Matches(page).Select(job => Guid.Parse(job.Groups[1].Value))];

    [GeneratedRegex("data-draw=\"([^\"]+)\"")]
    private static partial Regex Rows();

    [GeneratedRegex("href=\"/jobs/([0-9a-f-]{36})\"")]
    private static partial Regex Job();

    [GeneratedRegex("<a[^>]*href=\"([^\"]+)\" rel=\"next\"")]
    private static partial Regex Older();
}
