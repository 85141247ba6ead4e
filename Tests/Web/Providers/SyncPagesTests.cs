using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Providers;

/// <summary>A sync started from its page, and what the page says that it came to.</summary>
public sealed partial class SyncPagesTests(WebHost host) : IClassFixture<WebHost>
{
    private const string Asked = "/providers/sync?specialty=207R00000X&others=Gastroenterology%0A207ND0101X%20MOHS-Micrographic%20Surgery&states=ga&cities=&postalCodes=";

    [Fact]
    public async Task Preview_ShowsWhatItWouldAsk_AndAsksNobody()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var page = await browser.ReadAsync(Asked);

        Assert.Contains("<dt>Queries</dt><dd>3</dd>", page, StringComparison.Ordinal);
        Assert.Contains("nppes: 3 at once", page, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", page, StringComparison.Ordinal);
        Assert.Equal(8, Ticked().Count(await browser.ReadAsync("/providers/sync"))); // the untouched form means the eight
        Assert.Equal(1, Ticked().Count(page));
    }

    [Fact]
    public async Task Sync_IsStartedOnce_AndItsPageTellsWhatItFound_AndThatItIsComplete()
    {
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"GA": 400}}}""");
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var page = await browser.ReadAsync(Asked);
        var form = Hidden().Matches(page[page.IndexOf("What it would do", StringComparison.Ordinal)..]).Where(field => field.Groups[1].Value != "__RequestVerificationToken")
            .ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
        var token = await browser.TokenAsync("/providers/sync");

        using var first = await browser.SubmitAsync("/providers/sync", form, token);
        using var again = await browser.SubmitAsync("/providers/sync", form, token);

        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        var address = first.Headers.Location!.ToString();
        var id = Guid.Parse(address["/providers/sync/".Length..]);
        await program.WhenAsync(id, "completed");
        var found = await host.Postgres.QueryAsync<long>("SELECT created FROM provider_syncs WHERE job_id = $1", id);
        var result = await browser.ReadAsync(address);
        Assert.True(found > 20, $"Only {found} were found.");
        Assert.Contains($"<dt>Created</dt><dd>{found}</dd>", result, StringComparison.Ordinal);
        Assert.Contains("Complete: every part of every query was read to its end.", result, StringComparison.Ordinal);
        Assert.Contains("Internal Medicine, Gastroenterology", result, StringComparison.Ordinal);
        Assert.Contains("<code>207ND0101X</code>", result, StringComparison.Ordinal);
        Assert.Contains($"href=\"{address}\"", await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);
        Assert.Contains($"href=\"{address}\"", await browser.ReadAsync("/providers/sync"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatWasNotRead_IsNamed()
    {
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"AL": 10}}, "upstreams": {"nppes": {"faults": [{"kind": "html", "nextCalls": 1}]}}}""");
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var id = (await program.PostAsync("/api/sync", """{"specialties": ["Dermatology"], "states": ["AL"]}""")).Json.GetProperty("id").GetGuid();
        await program.WhenAsync(id, "completed");

        var page = await browser.ReadAsync($"/providers/sync/{id}");

        Assert.Contains("Not complete", page, StringComparison.Ordinal);
        Assert.Contains("Dermatology, AL: a page of it was not read", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongPlace_IsRefusedInWords_AndTheFormKeepsWhatWasTyped()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var answer = await browser.GetAsync("/providers/sync?states=Georgia");

        var page = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("two letters of a state or territory", page, StringComparison.Ordinal);
        Assert.Contains("value=\"Georgia\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Viewer_SeesSyncs_AndNoForm()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        Assert.DoesNotContain("name=\"specialty\"", await browser.ReadAsync("/providers/sync"), StringComparison.Ordinal);
        using var unknown = await browser.GetAsync($"/providers/sync/{Guid.NewGuid()}");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"|<input name=\"([^\"]+)\" type=\"hidden\"")]
    private static partial Regex Hidden();

    [GeneratedRegex("<input type=\"checkbox\" name=\"specialty\" value=\"[^\"]+\" checked")]
    private static partial Regex Ticked();
}
