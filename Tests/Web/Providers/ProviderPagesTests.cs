using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Providers.Files;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Accounts;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Providers;

/// <summary>The pages of providers, of their files and of leads, from a file to a lead that is won.</summary>
public sealed class ProviderPagesTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("provider-pages");
    private WebHost _host = null!;

    public async Task InitializeAsync() => _host = await WebHost.StartAsync(null, ("ProviderFiles:UploadFolder", _folder.FullName));

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task FromAFileToALeadThatIsWon()
    {
        using var browser = await Visitor.SignInAsync(_host, Roles.Operator);
        var csv = NppesFile.Csv(NppesFile.Header2025, Enumerable.Range(0, 70).Select(NppesFile.Person)) + "\"broken\"\n";

        using var loaded = await UploadAsync(browser, "weekly.csv", csv);
        var load = loaded.Headers.Location!.OriginalString;
        await _host.Postgres.WaitUntilAsync("the file is loaded", "SELECT status = 'completed' FROM jobs WHERE id = $1", Guid.Parse(load.Split('/')[^1]));
        var page = await browser.ReadAsync(load);
        Assert.Contains("Created</dt><dd>70</dd>", page, StringComparison.Ordinal);
        Assert.Contains("1 values; the header names 330 columns", page, StringComparison.Ordinal);
        Assert.Contains("rejected.csv", page, StringComparison.Ordinal);
        Assert.Contains("Every line was read.", page, StringComparison.Ordinal);

        var list = await browser.ReadAsync("/providers");
        Assert.Contains("By specialty", list, StringComparison.Ordinal);
        Assert.Contains("Dermatology", list, StringComparison.Ordinal);
        Assert.Contains("rel=\"next\"", list, StringComparison.Ordinal);
        Assert.Equal(35, Regex.Count(await browser.ReadAsync("/providers?state=NV"), "name=\"npis\""));
        Assert.Contains("6 MAIN ST", await browser.ReadAsync($"/providers/{NppesFile.Npi(6)}"), StringComparison.Ordinal);

        using var ticked = await browser.SubmitAsync("/providers?state=NV", new Dictionary<string, string> { ["npis"] = NppesFile.Npi(1).ToString(), ["all"] = "false", ["owner"] = "ada" });
        Assert.Equal("/providers?state=NV", ticked.Headers.Location!.OriginalString);
        Assert.Contains("1 are leads now; 0 were before.", await browser.ReadAsync("/providers?state=NV"), StringComparison.Ordinal);
        using var all = await browser.SubmitAsync("/providers?state=NV", new Dictionary<string, string> { ["all"] = "true" });
        Assert.Contains("34 are leads now; 1 were before.", await browser.ReadAsync("/providers"), StringComparison.Ordinal);
        using var one = await browser.SubmitAsync($"/providers/{NppesFile.Npi(6)}", new Dictionary<string, string>());
        Assert.Contains("Its lead", await browser.ReadAsync($"/providers/{NppesFile.Npi(6)}"), StringComparison.Ordinal);

        var lead = await _host.Postgres.QueryAsync<Guid>("SELECT id FROM leads WHERE npi = $1", NppesFile.Npi(1));
        var other = await _host.Postgres.QueryAsync<Guid>("SELECT id FROM leads WHERE npi = $1", NppesFile.Npi(3));
        Assert.Contains("36", await browser.ReadAsync("/leads"), StringComparison.Ordinal);
        using var bulk = await browser.SubmitAsync("/leads", new Dictionary<string, string> { ["ids"] = other.ToString(), ["to"] = "contacted" });
        Assert.Contains("SAMPLE3", await browser.ReadAsync("/leads?status=contacted"), StringComparison.Ordinal);
        Assert.DoesNotContain("SAMPLE1,", await browser.ReadAsync("/leads?status=contacted"), StringComparison.Ordinal);
        using var won = await browser.SubmitAsync($"/leads/{lead}", new Dictionary<string, string> { ["status"] = "won", ["owner"] = "ada", ["note"] = "Signed on the spot." });
        var shown = await browser.ReadAsync($"/leads/{lead}");
        Assert.Contains("new → won", WebUtility.HtmlDecode(shown), StringComparison.Ordinal);
        Assert.Contains("Signed on the spot.", shown, StringComparison.Ordinal);
        Assert.Equal(6, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action IN ('leads.save', 'leads.change', 'lead.change', 'providers.file')"));
    }

    [Fact]
    public async Task ANote_LeavesWhatOthersChangedMeanwhile()
    {
        using var browser = await Visitor.SignInAsync(_host, Roles.Operator);
        await _host.Postgres.ExecuteAsync("INSERT INTO providers (npi, entity, name, status, source, created_at, updated_at) VALUES ($1, 'individual', 'SAMPLE, ANNA', 'active', 'test', now(), now())", NppesFile.Npi(1));
        await _host.Postgres.ExecuteAsync("INSERT INTO leads (id, npi, status, owner, created_at, updated_at) SELECT gen_random_uuid(), npi, 'won', 'ada', now(), now() FROM providers");
        var lead = await _host.Postgres.QueryAsync<Guid>("SELECT id FROM leads");
        var opened = new Dictionary<string, string> { ["wasStatus"] = "new", ["wasOwner"] = "", ["status"] = "new", ["owner"] = "", ["note"] = "" }; // as it was before somebody made it ada's, and won

        using var nothing = await browser.SubmitAsync($"/leads/{lead}", opened);
        using var noted = await browser.SubmitAsync($"/leads/{lead}", new Dictionary<string, string>(opened) { ["note"] = "Called back." });
        using var handed = await browser.SubmitAsync($"/leads/{lead}", new Dictionary<string, string>(opened) { ["owner"] = "eve", ["note"] = "Mine now." });

        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
        Assert.Equal("won eve", await _host.Postgres.QueryAsync<string>("SELECT status || ' ' || owner FROM leads"));
        Assert.Equal("Called back.; Mine now.; owner: eve", await _host.Postgres.QueryAsync<string>("SELECT string_agg(note, '; ' ORDER BY no) FROM lead_history"));
        Assert.Contains("name=\"wasOwner\" value=\"eve\"", await browser.ReadAsync($"/leads/{lead}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/providers?after=nonsense", "begin at the first")]
    [InlineData("/providers?city=RENO", "give the state too")]
    [InlineData("/providers?taxonomy=alchemy", "no taxonomy code")]
    [InlineData("/leads?status=sold", "status must be one of")]
    [InlineData("/leads?after=nonsense", "begin at the newest")]
    public async Task WhatIsWrongWithAnAddress_IsSaidOnThePage(string path, string words)
    {
        using var browser = await Visitor.SignInAsync(_host, Roles.Viewer);

        using var answer = await browser.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(words, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AFormThatAsksForNothing_IsRefusedWithASentence()
    {
        await _host.Postgres.ExecuteAsync("INSERT INTO providers (npi, entity, name, taxonomies, status, source, created_at, updated_at) VALUES ($1, 'individual', 'X', '{}', 'active', 'test', now(), now())", NppesFile.Npi(1));
        using var browser = await Visitor.SignInAsync(_host, Roles.Operator);

        using var save = await browser.SubmitAsync("/providers", new Dictionary<string, string>());
        using var change = await browser.SubmitAsync("/leads", new Dictionary<string, string>(), await browser.TokenAsync("/account/password"));
        using var file = await UploadAsync(browser, "x.csv", "id,name\n");

        Assert.Contains("Tick the providers", await save.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("Tick the leads", await change.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("not an NPPES file", await file.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.All(new[] { save, change, file }, answer => Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode));
    }

    [Fact]
    public async Task BarsOfALargeTable_AreEstimates_AndSaidToBe()
    {
        await _host.Postgres.ExecuteAsync("""
            INSERT INTO providers (npi, entity, name, address_1, state, taxonomy, taxonomies, status, source, created_at, updated_at)
            SELECT 1000000000 + n, 'individual', 'SAMPLE' || n, repeat('x', 400), CASE WHEN n % 4 = 0 THEN 'NV' ELSE 'NY' END, '207R00000X', '{}', 'active', 'test', now(), now() FROM generate_series(1, 70000) n
            """);
        await _host.Postgres.ExecuteAsync("ANALYZE providers");
        using var browser = await Visitor.SignInAsync(_host, Roles.Viewer);

        var page = await browser.ReadAsync("/providers");

        Assert.Contains("about, from statistics", page, StringComparison.Ordinal);
        var counts = Regex.Matches(page, "<td class=\"number\">([0-9,]+)</td>").Select(cell => int.Parse(cell.Groups[1].Value.Replace(",", ""))).ToList();
        Assert.InRange(counts[0], 50_000, 55_000);
        Assert.InRange(counts[1], 15_000, 20_000);
    }

    private static async Task<HttpResponseMessage> UploadAsync(Browser browser, string name, string content)
    {
        var token = await browser.TokenAsync("/providers/file");
        using var form = new MultipartFormDataContent { { new StringContent(token), "__RequestVerificationToken" }, { new ByteArrayContent(Encoding.UTF8.GetBytes(content)), "file", name } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/providers/file") { Content = form };
        return await browser.SendAsync(request);
    }
}
