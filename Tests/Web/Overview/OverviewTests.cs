using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Overview;

/// <summary>The first page: whether all is well.</summary>
public sealed partial class OverviewTests
{
    [Fact]
    public async Task FreshInstallation_LeadsToTheFirstSteps_AndAllIsWell()
    {
        await using var host = await WebHost.StartAsync();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var page = await browser.ReadAsync("/");

        Assert.Contains("All is well. Nothing runs now, and nothing failed in the last 24 hours.", page, StringComparison.Ordinal);
        Assert.Contains("No job was started here yet.", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/coding-profiles/register\"", page, StringComparison.Ordinal);
        Assert.Contains("not used yet", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_Trouble_AndThroughput_AreSeenAtOnce()
    {
        await using var host = await WebHost.StartAsync();
        using var program = host.Program();
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal < 3 ? new ItemFailed("kettle: cold", "no tea", 1) : new ItemSucceeded("done"));
        await program.WhenAsync(await program.StartPlayedAsync(40), "completed");
        var latest = await program.StartPlayedAsync(40);
        await program.WhenAsync(latest, "completed");
        await host.Postgres.WaitUntilAsync("samples are written", "SELECT sum(succeeded + failed) = 80 FROM job_samples");
        using var held = host.HoldItems();
        var running = await program.StartPlayedAsync(7);
        await program.WhenAsync(running, "running");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/");

        Assert.Contains("1 job is at work. 6 items failed in the last 24 hours; everything else is well.", page, StringComparison.Ordinal);
        Assert.Contains($"/jobs/{running}", page, StringComparison.Ordinal);
        Assert.Contains("0 of 7 items.", page, StringComparison.Ordinal);
        Assert.Contains($"href=\"/jobs/{latest}/failures?cause=kettle%3A%20cold\"", page, StringComparison.Ordinal);
        Assert.Contains("in 2 jobs", page, StringComparison.Ordinal);
        Assert.Contains("80 in all, 6 of them failed", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/jobs/start", page, StringComparison.Ordinal); // a viewer starts nothing
        Assert.Equal(Shape(page[page.IndexOf("<p class=\"notice verdict", StringComparison.Ordinal)..page.IndexOf("</main>", StringComparison.Ordinal)]), Shape(await browser.ReadAsync("/?handler=Live") + "</div>"));
    }

    [Fact]
    public async Task JobThatFailed_TurnsTheVerdictBad_WithItsReason()
    {
        await using var host = await WebHost.StartAsync();
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemRefused("The password is wrong."));
        await program.WhenAsync(await program.StartPlayedAsync(3), "failed");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/");

        Assert.Matches("notice verdict bad\">1 job of the last 24 hours stopped and waits for you. Nothing runs now.", page);
        Assert.Contains("The password is wrong.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoIsNotSignedIn_IsLedThere()
    {
        await using var host = await WebHost.StartAsync();
        using var browser = new Browser(host.Address);
        using var answer = await browser.GetAsync("/");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    /// <summary>The tags alone: what they say changes with every second.</summary>
    private static string Shape(string html) => string.Concat(Tag().Matches(html).Select(tag => tag.Groups[1].Value));

    [GeneratedRegex("<(/?[a-z0-9]+)")]
    private static partial Regex Tag();
}
