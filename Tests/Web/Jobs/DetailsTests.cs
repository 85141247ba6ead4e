using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>The page of one job.</summary>
public sealed partial class DetailsTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task Page_ShowsWhatBecameOfTheItems()
    {
        using var program = host.Program();
        host.Played.Prepare = item => item.Ordinal % 10 == 9 ? new ItemSkipped("seen before") : null;
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal < 12 ? new ItemFailed("teapot: empty", $"no tea in {item.Key}", 2) : new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(2000);
        await program.WhenAsync(id, "completed");
        host.Played.Prepare = _ => null;
        using var browser = await SignInAsync(Roles.Viewer);

        var page = await browser.ReadAsync($"/jobs/{id}");

        foreach (var words in new[] { "completed", "100.0 %", "2,000 of 2,000 items", "Every item has its outcome after", "teapot: empty", "no tea in", "seen before", "high-performance, up to 100 calls at once", "key:first", $"/api/jobs/{id}/failures?format=csv" })
        {
            Assert.Contains(words, page, StringComparison.Ordinal);
        }

        Assert.Equal(["1,789", "11", "200", "0", "0"], Figure().Matches(page).Take(5).Select(figure => figure.Groups[1].Value));
        Assert.Matches(@"<time datetime=""[0-9T:.Z-]+"" title=""[0-9-]+ [0-9:]+ UTC"">(just now|\d+ s ago)</time>", page);
    }

    [Fact]
    public async Task FailedJob_SaysWhy_AndThatItCanGoOn()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemRefused("The password is wrong & must be set anew."));
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "failed");
        using var browser = await SignInAsync(Roles.Operator);

        var page = await browser.ReadAsync($"/jobs/{id}");

        Assert.Contains("The password is wrong &amp; must be set anew.", page, StringComparison.Ordinal);
        Assert.Contains("3 items are pending and run when it is resumed", page, StringComparison.Ordinal);
        Assert.Contains($"action=\"/jobs/{id}/resume\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatAnUpstreamSaid_IsTextAndNeverMarkup()
    {
        using var program = host.Program();
        const string Script = "<script>alert('x')</script>";
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemFailed($"cause {Script}", $"message {Script}", 1));
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "completed");
        using var browser = await SignInAsync(Roles.Operator);

        var page = await browser.ReadAsync($"/jobs/{id}");

        Assert.DoesNotContain(Script, page, StringComparison.Ordinal);
        Assert.Contains("cause &lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("message &lt;script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_IsDrawnAsThePageWas()
    {
        using var program = host.Program();
        using var held = host.HoldItems();
        var id = await program.StartPlayedAsync(3);
        await program.WhenAsync(id, "running");
        await program.PostAsync($"/api/jobs/{id}/cancel"); // so that nothing changes between the two
        using var browser = await SignInAsync(Roles.Operator);

        var page = await browser.ReadAsync($"/jobs/{id}");
        var update = await browser.ReadAsync($"/jobs/{id}?handler=Live");

        Assert.StartsWith("<section", update.TrimStart(), StringComparison.Ordinal);
        Assert.Contains($"data-draw=\"/jobs/{id}?handler=Live\"", page, StringComparison.Ordinal);
        Assert.Contains($"data-events=\"/api/jobs/{id}/events\"", page, StringComparison.Ordinal);
        Assert.Contains(WithoutTime(update), WithoutTime(page), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Viewer_SeesNoCommands_AndAnOperatorDoes()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemFailed("teapot", "empty", 1));
        var id = await program.StartPlayedAsync(1);
        await program.WhenAsync(id, "completed");
        using var viewer = await SignInAsync(Roles.Viewer);
        using var operating = await SignInAsync(Roles.Operator);

        var (seen, commanding) = (await viewer.ReadAsync($"/jobs/{id}"), await operating.ReadAsync($"/jobs/{id}"));

        Assert.DoesNotContain($"action=\"/jobs/{id}/", seen, StringComparison.Ordinal);
        foreach (var verb in new[] { "pause", "cancel", "retry-failed" })
        {
            Assert.Contains($"action=\"/jobs/{id}/{verb}\"", commanding, StringComparison.Ordinal);
        }

        Assert.Matches(@"<button disabled=""disabled"">\s*Pause", commanding); // it has ended
    }

    [Fact]
    public async Task Ledger_IsCountedWhenSomebodyAsksForIt()
    {
        using var program = host.Program();
        host.Played.Run = (_, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(1234);
        await program.WhenAsync(id, "completed");
        using var browser = await SignInAsync(Roles.Viewer);
        Assert.DoesNotContain("counted from rows at", await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);

        var balanced = await browser.ReadAsync($"/jobs/{id}?verify=true");
        Assert.Matches(@"Balanced, counted from rows at [0-9:]+ UTC:\s+1,234 submitted = 1,234 succeeded \+ 0 failed", balanced);

        await host.Postgres.ExecuteAsync("UPDATE jobs SET succeeded = succeeded - 1 WHERE id = $1", id);
        Assert.Contains("Not balanced", await browser.ReadAsync($"/jobs/{id}?verify=true"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("?handler=Live")]
    public async Task JobThatNeverWas_IsAPageThatSaysSo(string query)
    {
        using var browser = await SignInAsync(Roles.Viewer);
        using var answer = await browser.GetAsync($"/jobs/{Guid.NewGuid()}{query}");

        Assert.Equal((HttpStatusCode.NotFound, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task WhoIsNotSignedIn_IsLedThere_AndBack()
    {
        using var browser = new Browser(host.Address);
        var id = Guid.NewGuid();
        using var answer = await browser.GetAsync($"/jobs/{id}");

        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.EndsWith($"/account/sign-in?returnUrl={Uri.EscapeDataString($"/jobs/{id}")}", answer.Headers.Location?.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The content policy forbids both, so a page that had one would be broken and not only untidy.</summary>
    [Fact]
    public async Task NoPage_HasScriptOrStyleInside()
    {
        using var program = host.Program();
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal == 0 ? new ItemFailed("teapot", "empty", 1) : new ItemSucceeded("done"));
        var id = await program.StartPlayedAsync(2);
        await program.WhenAsync(id, "completed");
        using var browser = await SignInAsync(Roles.Operator);
        foreach (var path in new[] { "/jobs", "/jobs/start", $"/jobs/{id}", $"/jobs/{id}/cancel", "/coding-profiles" })
        {
            Assert.DoesNotMatch(@"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", await browser.ReadAsync(path));
        }
    }

    [Fact]
    public async Task Script_IsServed()
    {
        using var browser = new Browser(host.Address);
        using var answer = await browser.GetAsync("/live.js");

        Assert.Equal((HttpStatusCode.OK, "text/javascript"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
    }

    private Task<Browser> SignInAsync(string role) => Visitor.SignInAsync(host, role);

    /// <summary>Without what differs from one moment to the next.</summary>
    private static string WithoutTime(string html) => Spaces().Replace(Moment().Replace(html, "…"), " ").Trim();

    [GeneratedRegex(@"<dd>([^<]*)</dd>")]
    private static partial Regex Figure();

    [GeneratedRegex(@"as of [0-9:]+ UTC|>(just now|\d+ s ago)<|name=""__RequestVerificationToken"" type=""hidden"" value=""[^""]+""")]
    private static partial Regex Moment();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
