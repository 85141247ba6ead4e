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
        Assert.Contains("not in use", page, StringComparison.Ordinal);
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

        Assert.Contains("1 job is at work. 6 items failed of causes met in the last 24 hours; everything else is well.", page, StringComparison.Ordinal);
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

        Assert.Matches("notice verdict bad\">1 job stopped in the last 24 hours and waits for you. Nothing runs now.", page);
        Assert.Contains("The password is wrong.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JobsStartedLongAgo_CountByWhenTheyFailed_AndAllOfThem()
    {
        await using var host = await WebHost.StartAsync();
        await AddOldJobsAsync(host, 3, "now() - interval '1 minute'");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var few = await browser.ReadAsync("/");
        await AddOldJobsAsync(host, 110, "now() - interval '25 hours'");
        var same = await browser.ReadAsync("/");
        await AddOldJobsAsync(host, 98, "now() - interval '23 hours'");
        var many = await browser.ReadAsync("/");

        Assert.Contains(">3 jobs stopped in the last 24 hours and wait for you. Nothing runs now.", few, StringComparison.Ordinal);
        Assert.Contains(">3 jobs stopped in the last 24 hours and wait for you.", same, StringComparison.Ordinal);
        Assert.Contains(">More than 100 jobs stopped in the last 24 hours and wait for you.", many, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ItemsThatFailedALittleAgo_AreSaid_WheneverTheirJobWasStarted_AndAllCausesAreCounted()
    {
        await using var host = await WebHost.StartAsync();
        await AddOldJobsAsync(host, 2, "now()", "completed");
        await host.Postgres.ExecuteAsync("INSERT INTO failure_causes (job_id, cause, count, example, latest_at) SELECT id, 'cause ' || n, 10, '', now() - interval '23 hours' FROM jobs, generate_series(1, 9) n");
        await host.Postgres.ExecuteAsync("INSERT INTO failure_causes (job_id, cause, count, example, latest_at) SELECT id, 'long ago', 10, '', now() - interval '25 hours' FROM jobs");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/");

        Assert.Contains(">Nothing runs now. 180 items failed of causes met in the last 24 hours; everything else is well.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("long ago", page, StringComparison.Ordinal);
    }

    /// <summary>Jobs that were started two days ago.</summary>
    private static async Task AddOldJobsAsync(WebHost host, int jobs, string finishedAt, string status = "failed") => await host.Postgres.ExecuteAsync($"""
        INSERT INTO jobs (id, workload, spec, status, mode, max_concurrency, request_hash, created_by, created_at, started_at, finished_at, plan_done)
        SELECT ('01900000-0000-7000-8000-' || lpad(to_hex((SELECT count(*) FROM jobs) + n), 12, '0'))::uuid, 'profile-refresh', '{"{}"}', '{status}', 'standard', 10, '', 'test',
            now() - interval '2 days', now() - interval '2 days', {finishedAt}, true
        FROM generate_series(1, {jobs}) n
        """);

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
