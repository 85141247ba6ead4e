using System.Globalization;
using Microsoft.Playwright;
using OrleansBulk.Web.Accounts;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Web.Browsers;

/// <summary>Hooks as a browser meets them: composed, watched while they are written, ranked, compared.</summary>
public sealed class HookTests(BrowserStage stage, ITestOutputHelper output) : IClassFixture<BrowserStage>
{
    private const string AtOnce = """{"upstreams": {"openai": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}, "anthropic": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}}}""";
    private const string Slowly = """{"upstreams": {"openai": {"chat": {"firstTokenMs": 300, "tokensPerSecond": 12}}, "anthropic": {"chat": {"firstTokenMs": 300, "tokensPerSecond": 12}}}}""";

    [BrowserFact]
    public async Task WholePath_FromATopicToAComparison()
    {
        stage.Host.Simulator.Change(Slowly); // a model writes for ten seconds: time to see it
        await using var visit = await stage.VisitAsync();
        var page = visit.Page;

        var first = await WriteAsync(visit, "weekly planning for remote teams");
        await Assertions.Expect(page.Locator(".writing").First).Not.ToBeEmptyAsync(); // the text streams
        await Assertions.Expect(page.Locator("#columns li").First).ToContainTextAsync("weekly planning");
        await Assertions.Expect(page.Locator("#progress .percent")).Not.ToHaveTextAsync("100.0 %");
        stage.Host.Simulator.Change(AtOnce); // who judges what is written from now on
        await visit.SeesAsync("6 of 6 models, 30 of 30 hooks judged");
        await Assertions.Expect(visit.Connection).ToHaveTextAsync("Ended");
        await Assertions.Expect(page.Locator("#ranking tbody tr")).ToHaveCountAsync(30);
        await Assertions.Expect(page.Locator("#comparison svg")).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("^Mean scores: "));

        await page.Locator("#ranking tbody tr a").First.ClickAsync();
        await visit.SeesAsync("rank 1 of 30");
        await visit.SeesAsync("Fit to audience");

        await WriteAsync(visit, "another topic");
        await visit.SeesAsync("6 of 6 models, 30 of 30 hooks judged");
        await visit.GoAsync("/hooks");
        foreach (var box in (await page.Locator("tbody input[type=checkbox]").AllAsync()).Take(2))
        {
            await box.CheckAsync();
        }

        await visit.ClickAsync("Compare the ticked runs");
        await visit.SeesAsync("Run B");
        await Assertions.Expect(page.Locator("svg[role=img]")).ToHaveCountAsync(6);
        Assert.NotEqual("", first);
    }

    [BrowserFact]
    public async Task AHook_IsOnThePage_BeforeItsModelHasWrittenTheRest()
    {
        stage.Host.Simulator.Change("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 300, "tokensPerSecond": 8}}, "anthropic": {"chat": {"firstTokenMs": 300, "tokensPerSecond": 8}}}}""");
        await using var visit = await stage.VisitAsync();
        await WriteAsync(visit, "how soon is soon");
        var id = Guid.Parse(visit.Page.Url[^36..]);

        await Assertions.Expect(visit.Page.Locator("#columns li").First).ToBeVisibleAsync();
        var shown = await visit.Page.EvaluateAsync<double>("Date.now()");

        Assert.Equal(0, await stage.Host.Postgres.QueryAsync<long>("SELECT count(*) FROM hook_generations WHERE job_id = $1 AND state <> 'writing'", id));
        var written = await stage.Host.Postgres.QueryAsync<double>("SELECT (extract(epoch FROM min(written_at)) * 1000)::double precision FROM hooks WHERE job_id = $1", id);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{shown - written:0} ms after its last token")); // the promise is measured where nothing else runs: Benchmarks hooks
        using var program = stage.Host.Program();
        await program.PostAsync($"/api/jobs/{id}/cancel");
    }

    [BrowserFact]
    public async Task ARun_IsReadable_WithoutScripts_OnAPhone_ByAViewer()
    {
        stage.Host.Simulator.Change(AtOnce);
        string address;
        await using (var writer = await stage.VisitAsync())
        {
            address = await WriteAsync(writer, "readable everywhere");
            await writer.SeesAsync("6 of 6 models, 30 of 30 hooks judged");
        }

        await using var visit = await stage.VisitAsync(Roles.Viewer, phone: true, scripts: false);
        foreach (var path in new[] { "/hooks", address })
        {
            await visit.GoAsync(path);
            Assert.Equal(0, await visit.SidewaysAsync());
        }

        await visit.SeesAsync("readable everywhere");
        Assert.Equal(30, await visit.Page.Locator("#columns li").CountAsync());
        await visit.GoAsync("/hooks");
        await visit.SeesNothingOfAsync("Write hooks");
    }

    /// <summary>Fills the form, starts, and answers the run's address.</summary>
    private static async Task<string> WriteAsync(Visit visit, string topic)
    {
        await visit.GoAsync("/hooks/compose");
        await visit.Page.GetByLabel("Topic").FillAsync(topic);
        await visit.ClickAsync("Preview");
        await visit.ClickAsync("Write hooks");
        await Assertions.Expect(visit.Page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("/hooks/[0-9a-f-]{36}$"));
        return visit.Page.Url;
    }
}
