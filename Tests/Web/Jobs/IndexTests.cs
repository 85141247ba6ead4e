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
    public async Task FirstPage_LeadsToTheJobs()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        using var answer = await browser.GetAsync("/");

        Assert.Equal((HttpStatusCode.Redirect, "/jobs"), (answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    [Theory]
    [InlineData("/jobs?workload=%00")]
    [InlineData("/coding-profiles?query=%00")]
    [InlineData("/coding-profiles?after=%00/%00")]
    public async Task FilterThatCannotBe_IsAPageThatSaysSo(string path)
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        using var answer = await browser.GetAsync(path);

        Assert.Equal((HttpStatusCode.BadRequest, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [GeneratedRegex("href=\"/jobs/([0-9a-f-]{36})\"")]
    private static partial Regex Job();

    [GeneratedRegex("<a rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Older();
}
