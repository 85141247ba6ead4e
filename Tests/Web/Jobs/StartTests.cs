using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>Starting a refresh from the pages: first what it would do, then the job that was shown.</summary>
public sealed partial class StartTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task Preview_ShowsWhatItWouldDo_AndStartsNothing()
    {
        await RegisterAsync("hackerrank", 1200);
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var page = await browser.ReadAsync("/jobs/start?platform=hackerrank&older=86400&mode=standard");

        Assert.Contains("<dt>Profiles</dt><dd>1,200</dd>", page, StringComparison.Ordinal);
        Assert.Contains("1,200 to hackerrank", page, StringComparison.Ordinal);
        Assert.Matches("<option[^>]*selected[^>]*value=\"standard\"|<option[^>]*value=\"standard\"[^>]*selected|selected=\"selected\" value=\"standard\"", page);
        Assert.DoesNotContain("127.0.0.1", page, StringComparison.Ordinal); // where an upstream is, is nobody's business here
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs WHERE spec::text LIKE '%hackerrank%'"));
    }

    [Fact]
    public async Task JobOfThePreview_IsStartedOnce_HoweverOftenTheFormIsSent()
    {
        await RegisterAsync("leetcode", 3);
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var page = await browser.ReadAsync("/jobs/start?platform=leetcode&older=3600&mode=standard");
        var form = Hidden().Matches(page[page.IndexOf("What it would do", StringComparison.Ordinal)..]).Where(field => field.Groups[1].Value != "__RequestVerificationToken").ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
        var token = await browser.TokenAsync("/jobs/start?platform=leetcode");

        using var first = await browser.SubmitAsync("/jobs/start", form, token);
        using var again = await browser.SubmitAsync("/jobs/start", form, token);

        Assert.Equal(HttpStatusCode.Redirect, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        var id = Guid.Parse(first.Headers.Location!.ToString()["/jobs/".Length..]);
        var job = await program.WhenAsync(id, "completed");
        Assert.Equal(("standard", browser.UserName, 3), (job.GetProperty("mode").GetString(), job.GetProperty("createdBy").GetString(), job.GetProperty("progress").GetProperty("succeeded").GetInt32()));
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'job.start' AND subject = $1", id.ToString()));
        Assert.Contains("The job is started.", await browser.ReadAsync($"/jobs/{id}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProfilesThatAreFresh_AreMeantOnlyWhenEveryProfileIs()
    {
        await RegisterAsync("atcoder", 1);
        using var program = host.Program();
        await program.GetAsync("/api/coding-profiles/atcoder/start0");
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        var (stale, every) = (await browser.ReadAsync("/jobs/start?platform=atcoder&older=3600"), await browser.ReadAsync("/jobs/start?platform=atcoder&older=0"));

        Assert.Contains("there is nothing to start", stale, StringComparison.Ordinal);
        Assert.DoesNotContain("Start the job", stale, StringComparison.Ordinal);
        Assert.Contains("1 to atcoder", every, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlatformThatIsNone_GetsASentence()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        using var answer = await browser.GetAsync("/jobs/start?platform=geocities");

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("There is no platform &#x27;geocities&#x27;.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Viewer_Gets403_AndIsNotOfferedTheForm()
    {
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);
        using var operating = await Visitor.SignInAsync(host, Roles.Operator);
        using var preview = await viewer.GetAsync("/jobs/start");
        using var start = await viewer.SubmitAsync("/jobs/start", new Dictionary<string, string> { ["platform"] = "leetcode" }, await viewer.TokenAsync("/account/password"));

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (preview.StatusCode, start.StatusCode));
        Assert.DoesNotContain("/jobs/start", await viewer.ReadAsync("/jobs"), StringComparison.Ordinal);
        Assert.Contains("/jobs/start", await operating.ReadAsync("/jobs"), StringComparison.Ordinal);
    }

    private async Task RegisterAsync(string platform, int count)
    {
        using var program = host.Program();
        Assert.Equal(count, (await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, count).Select(number => new { platform, handle = $"start{number}" }))).Json.GetProperty("registered").GetInt32());
    }

    [GeneratedRegex("<input[^>]*name=\"([^\"]+)\"[^>]*value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
