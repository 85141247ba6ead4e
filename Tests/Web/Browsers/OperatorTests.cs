using System.Text;
using Deque.AxeCore.Commons;
using Microsoft.Playwright;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>What an operator does, as a browser meets it.</summary>
public sealed class OperatorTests(BrowserStage stage) : IClassFixture<BrowserStage>
{
    [BrowserFact]
    public async Task WholePath_FromAFileToAVerifiedLedger()
    {
        const int Batched = 4750, Single = 250, Missing = 6;
        await stage.Host.Postgres.ExecuteAsync("DELETE FROM coding_profiles"); // "the new ones" are to be these alone
        stage.Host.Simulator.Change("""{"upstreams": {"hackerrank": {"latency": {"meanMs": 1000, "spreadMs": 10}}}}"""); // ten at a time: it goes on for as long as anybody needs to look and to pause it
        await using var visit = await stage.VisitAsync();
        var page = visit.Page;

        await visit.GoAsync("/coding-profiles/register");
        await page.GetByLabel("A file").SetInputFilesAsync(new FilePayload { Name = "team.csv", MimeType = "text/csv", Buffer = Encoding.UTF8.GetBytes(List(Batched, Single, Missing)) });
        await visit.ClickAsync("Register");
        await visit.SeesAsync("5,000");
        await visit.SeesAsync("There is no platform 'geocities'.");

        await visit.ClickAsync("Refresh the new ones…");
        await visit.SeesAsync("250 to hackerrank");
        await visit.ClickAsync("Start the job");
        await visit.SeesAsync("The job is started.");
        var job = page.Url;
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Live");

        await visit.SeesAsync("of 5,000 items");
        await BarMovesAsync(page);
        await visit.ClickAsync("Pause");
        await visit.SeesAsync("Nothing runs until it is resumed.");
        stage.Host.Simulator.Change("""{"upstreams": {"hackerrank": {"latency": null}}}""");
        await visit.ClickAsync("Resume");
        await visit.SeesAsync("Every item has its outcome");
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Ended");

        var cause = page.GetByRole(AriaRole.Row).Filter(new() { HasText = "hackerrank: user not found" });
        await Assertions.Expect(cause).ToContainTextAsync("6");
        await Assertions.Expect(page.GetByRole(AriaRole.Row).Filter(new() { HasText = "codeforces: handle not found" })).ToContainTextAsync("6");
        var download = await page.RunAndWaitForDownloadAsync(() => cause.GetByRole(AriaRole.Link, new() { Name = "CSV of" }).First.ClickAsync());
        Assert.Equal(Missing + 1, (await File.ReadAllLinesAsync(await download.PathAsync())).Length);

        await cause.GetByRole(AriaRole.Link, new() { Name = "Retry" }).ClickAsync();
        await visit.SeesAsync("It is about the 6 that failed with hackerrank: user not found.");
        await visit.ClickAsync("Retry them");
        await visit.SeesAsync("6 failed items are tried again.");
        await visit.SeesAsync("Every item has its outcome");

        await visit.GoAsync(job);
        await visit.ClickAsync("Verify the ledger");
        await visit.SeesAsync("Balanced, counted from rows");
        await visit.SeesAsync("5,000 submitted = 4,988 succeeded + 12 failed");
        await visit.SeesAsync("% of it: ");
    }

    [BrowserFact]
    public async Task Viewer_SeesEverything_AndIsOfferedNothingThatChanges()
    {
        var paths = await PagesAsync();
        await using var visit = await stage.VisitAsync(Roles.Viewer);

        foreach (var path in paths.Where(path => !path.StartsWith("/account", StringComparison.Ordinal)))
        {
            await visit.GoAsync(path);
            await Assertions.Expect(visit.Heading).ToBeVisibleAsync();
            foreach (var form in await visit.Page.Locator("main form[method=post], main a[href*='/jobs/start'], main a[href*='register'], main a[href*='retry'], main input[type=checkbox]:not([name=run])").AllAsync())
            {
                Assert.Fail($"{path} offers a viewer {await form.EvaluateAsync<string>("node => node.outerHTML")}");
            }
        }

        await visit.GoAsync("/jobs/start");
        await visit.SeesAsync("This needs more than the role 'viewer'.");
    }

    [BrowserFact]
    public async Task Phone_ShowsEveryPageWithoutSidewaysScrolling_AndStopsAJob()
    {
        var paths = await PagesAsync();
        await using var visit = await stage.VisitAsync(phone: true);
        foreach (var path in paths)
        {
            await visit.GoAsync(path);
            Assert.True(await visit.SidewaysAsync() <= 0, $"{path} is {await visit.SidewaysAsync()} pixels wider than a phone.");
        }

        using var program = stage.Host.Program();
        using var held = stage.Host.HoldItems();
        var id = await program.StartPlayedAsync(20);
        await visit.GoAsync($"/jobs/{id}");
        await visit.ClickAsync("Cancel…");
        await visit.SeesAsync("that cannot be undone");
        await visit.ClickAsync("Cancel the job");
        await visit.SeesAsync("The job is cancelled.");
    }

    [BrowserFact]
    public async Task WithoutScripts_EverythingIsReadAndDone()
    {
        using var program = stage.Host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "atcoder", handle = "scriptless" } });
        await using var visit = await stage.VisitAsync(scripts: false);

        await visit.GoAsync("/coding-profiles?query=scriptless");
        await visit.Page.GetByLabel("atcoder/scriptless").CheckAsync();
        await visit.ClickAsync("Refresh the ticked ones…");
        await visit.SeesAsync("1 to atcoder");
        await visit.ClickAsync("Start the job");
        await visit.SeesAsync("The job is started.");
        await program.WhenAsync(Guid.Parse(visit.Page.Url[^36..]), "completed");
        await visit.ClickAsync("Reload");
        await visit.SeesAsync("Every item has its outcome");
        await visit.ClickAsync("Verify the ledger");
        await visit.SeesAsync("1 submitted = 1 succeeded");
        await visit.GoAsync("/");
        await Assertions.Expect(visit.Page.GetByRole(AriaRole.Img, new() { Name = "Items finished in each minute" })).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task ConnectionThatBreaks_IsSaid_AndHealsByItself()
    {
        using var program = stage.Host.Program();
        using var held = stage.Host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await using var door = DatabaseDoor.To($"Host=127.0.0.1;Port={stage.Host.Address.Port}");
        await using var visit = await stage.VisitAsync(address: new Uri($"http://127.0.0.1:{new Npgsql.NpgsqlConnectionStringBuilder(door.ConnectionString).Port}/"));
        await visit.GoAsync($"/jobs/{id}");
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Live");
        var at = await visit.Page.GetByText("Failures by cause").BoundingBoxAsync();

        await door.CloseAsync();

        await Assertions.Expect(visit.Connection).ToContainTextAsync("Connection lost");
        Assert.Equal(at!.Y, (await visit.Page.GetByText("Failures by cause").BoundingBoxAsync())!.Y, 1); // nothing jumps
        door.Open();
        held.Dispose();
        await visit.SeesAsync("Every item has its outcome");
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Ended");
    }

    [BrowserFact]
    public async Task JobThatIsDeleted_IsSaidToBeGone()
    {
        using var program = stage.Host.Program();
        stage.Host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        using var held = stage.Host.HoldItems();
        var id = await program.StartPlayedAsync(2);
        await program.WhenAsync(id, "running");
        await program.PostAsync($"/api/jobs/{id}/pause");
        await using var visit = await stage.VisitAsync(Roles.Viewer);
        await visit.GoAsync($"/jobs/{id}");
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Live");

        await stage.Host.Postgres.ExecuteAsync("DELETE FROM jobs WHERE id = $1", id);
        await visit.Page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))"); // as when one comes back to the page

        await Assertions.Expect(visit.Connection).ToContainTextAsync("This job is gone");
    }

    [BrowserFact]
    public async Task SessionThatEndsInsideAForm_LeadsBackToIt()
    {
        await using var visit = await stage.VisitAsync(Roles.Operator);
        await visit.GoAsync("/coding-profiles/register");
        var name = await visit.Page.Locator(".who a").TextContentAsync();
        await visit.Page.GetByLabel("Or lines").FillAsync("codeforces,too_late");
        await visit.LoseSessionAsync();

        await visit.ClickAsync("Register");
        await visit.SeesAsync("nothing was changed");
        await visit.FillSignInAsync(name!, WebHost.AdminPassword);

        await Assertions.Expect(visit.Heading).ToHaveTextAsync("Register profiles");
        await visit.SeesAsync("What you had typed is here again");
        await Assertions.Expect(visit.Page.GetByLabel("Or lines")).ToHaveValueAsync("codeforces,too_late");
        Assert.Equal(0, await stage.Host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'too_late'"));

        await visit.ClickAsync("Register");
        await visit.SeesAsync("All of it was taken");
        await visit.GoAsync("/coding-profiles/register");
        await Assertions.Expect(visit.Page.GetByLabel("Or lines")).ToHaveValueAsync(""); // taken, so not put back
        Assert.Equal(1, await stage.Host.Postgres.QueryAsync<long>("SELECT count(*) FROM coding_profiles WHERE handle = 'too_late'"));
    }

    [BrowserFact]
    public async Task Axe_FindsNothingSerious_NorAnyColourTooFaint_LightAndDark()
    {
        var paths = await PagesAsync();
        await using var visit = await stage.VisitAsync(Roles.Admin);
        await visit.Page.AddInitScriptAsync(new BundledAxeScriptProvider().GetScript());
        var found = new List<string>();
        foreach (var path in paths.Concat(["/upstreams/codeforces/limits", "/system/audit", "/system/users", "/system/keys", "/jobs/00000000-0000-7000-8000-000000000000"]))
        {
            await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
            await visit.GoAsync(path);
            found.AddRange((await LookAsync("{}")).Select(fault => $"{path}: {fault}"));
            await visit.Page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Dark }); // nothing but colours differs
            found.AddRange((await LookAsync("{ runOnly: ['color-contrast'] }")).Select(fault => $"{path}, dark: {fault}"));
        }

        Assert.True(found.Count == 0, string.Join('\n', found));

        Task<string[]> LookAsync(string options) => visit.Page.EvaluateAsync<string[]>(
            $$"""
            async () => (await axe.run(document, {{options}})).violations.filter(fault => fault.impact === 'serious' || fault.impact === 'critical')
                .map(fault => fault.help + ': ' + fault.nodes.slice(0, 3).map(node => node.html).join(' '))
            """);
    }

    /// <summary>Every page, with something on each.</summary>
    private async Task<IReadOnlyList<string>> PagesAsync()
    {
        using var program = stage.Host.Program();
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "codeforces", handle = "axel" }, new { platform = "codeforces", handle = "unasked" } });
        await program.GetAsync("/api/coding-profiles/codeforces/axel");
        stage.Host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal % 3 == 0 ? new ItemFailed($"teapot: {item.Ordinal % 2}", "a long message about a teapot that was found empty when somebody looked", 2) : new ItemSucceeded("done"));
        var ingest = (await program.PostTextAsync("/api/ingest", "id,username\naxe1,somebody\naxe2,somebody_else\n,nobody\n", "text/csv")).Json.GetProperty("jobId").GetGuid();
        var distribution = (await program.PostAsync("/api/distributions", new { name = "to be looked at", count = 2, recipients = new[] { "Ada", "Bob" } })).Json.GetProperty("id").GetGuid();
        await program.SendAsync(HttpMethod.Put, "/api/distributions/schedules/nightly", new StringContent("""{"timeOfDay": "03:00", "count": 2, "recipientCount": 2, "enabled": false}""", Encoding.UTF8, "application/json"));
        var id = await program.StartPlayedAsync(90);
        await program.WhenAsync(id, "completed");
        var run = (await program.PostAsync("/api/hooks/generate", new { topic = "every page", models = new[] { "gpt-4o", "claude-haiku" }, hooksPerModel = 2 })).Json.GetProperty("id").GetGuid();
        await program.WhenAsync(run, "completed");
        return
        [
            "/", "/jobs", "/jobs?q=nobody", $"/jobs/{id}", $"/jobs/{id}?verify=true", $"/jobs/{id}/failures", $"/jobs/{id}/retry-failed?cause=teapot%3A%200", $"/jobs/{id}/cancel",
            "/jobs/start", "/jobs/start?platform=codeforces&older=0", "/coding-profiles", "/coding-profiles/register", "/coding-profiles/codeforces/axel", "/upstreams",
            "/ingest", $"/ingest/{ingest}", "/usernames", "/distributions", $"/distributions/{distribution}", "/distributions/clean-up?status=done&days=0", "/distributions/schedules", "/distributions/schedules?name=nightly", "/distributions/schedules/delete?name=nightly",
            "/hooks", "/hooks/compose", "/hooks/compare", $"/hooks/{run}", $"/hooks/{run}/gpt-4o/1", $"/hooks/compare?run={run}&run={run}",
            "/providers", "/providers/sync", "/providers/file", "/leads", "/tabs", "/tabs/user-profiles", "/system", "/account/password",
        ];
    }

    private static async Task BarMovesAsync(IPage page)
    {
        var width = "Number(document.querySelector('#progress .succeeded')?.getAttribute('width') ?? 0)";
        await page.WaitForFunctionAsync($"() => {width} > 0");
        var before = await page.EvaluateAsync<double>(width);
        await page.WaitForFunctionAsync($"before => {width} > before", before);
    }

    private static string List(int batched, int single, int missing)
    {
        var lines = new StringBuilder("platform,handle,owner\n");
        for (var i = 0; i < batched; i++)
        {
            lines.Append($"codeforces,{(i < missing ? "missing" : "path")}_{i},team-a\n");
        }

        for (var i = 0; i < single; i++)
        {
            lines.Append($"hackerrank,{(i < missing ? "missing" : "path")}_{i},\n");
        }

        return lines.Append("geocities,nobody,\n").ToString();
    }
}
