using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Jobs;

/// <summary>The failed items of a job, page by page.</summary>
public sealed partial class FailuresTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task WalkThereAndBack_MeetsEachFailureOfACauseOnce_InTheOrderOfTheInput()
    {
        var id = await FailAsync(130, item => item.Ordinal % 2 == 0 ? "even & odd" : "other");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var expected = Enumerable.Range(0, 65).Select(number => (2 * number).ToString()).ToList();

        var (there, last) = await WalkAsync(browser, $"/jobs/{id}/failures?cause=even%20%26%20odd", "next");
        var (back, _) = await WalkAsync(browser, last, "prev");

        Assert.Equal(expected, there.SelectMany(page => page));
        back.Reverse();
        Assert.Equal(expected, back.SelectMany(page => page));
    }

    [Fact]
    public async Task WithoutACause_AllAreListed_EachWithItsOwn()
    {
        var id = await FailAsync(3, item => $"cause {item.Key}");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync($"/jobs/{id}/failures");

        Assert.Equal(["0", "1", "2"], Keys(page));
        Assert.Contains("cause 2 (1)</option>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("rel=\"next\"", page, StringComparison.Ordinal);
        Assert.Contains("No item has failed with this cause", await browser.ReadAsync($"/jobs/{id}/failures?cause=none"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Retry_OfACause_AsksBackWithItsNumber_AndRetriesThoseAlone()
    {
        var id = await FailAsync(5, item => item.Ordinal < 2 ? "tea & pot" : "kettle");
        using var program = host.Program();
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);
        var details = await browser.ReadAsync($"/jobs/{id}");
        var question = WebUtility.HtmlDecode(Retry().Match(details).Groups[1].Value);

        var asked = await browser.ReadAsync($"/jobs/{id}/retry-failed?cause=tea%20%26%20pot");

        Assert.StartsWith($"/jobs/{id}/retry-failed?cause=", question, StringComparison.Ordinal);
        Assert.Matches("It is about the <strong>2</strong> that failed with <strong>tea &amp; pot</strong>", asked);
        Assert.Contains("name=\"cause\" value=\"tea &amp; pot\"", asked, StringComparison.Ordinal);
        Assert.Equal("completed", (await program.JobAsync(id)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Exports_ArePerCause()
    {
        var id = await FailAsync(4, item => item.Ordinal == 0 ? "=first" : "rest");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var links = Export().Matches(await browser.ReadAsync($"/jobs/{id}")).Select(link => WebUtility.HtmlDecode(link.Groups[1].Value)).ToList();

        Assert.Equal(6, links.Count); // two causes and all, in two formats each
        Assert.Equal(2 + 1, (await browser.ReadAsync(links.Single(link => link.Contains("csv", StringComparison.Ordinal) && link.Contains("first", StringComparison.Ordinal)))).Split("\r\n").Length);
        Assert.Equal(3 + 1, (await browser.ReadAsync(links.Single(link => link.Contains("ndjson", StringComparison.Ordinal) && link.Contains("rest", StringComparison.Ordinal)))).Split('\n').Length);
    }

    [Fact]
    public async Task JobThatNeverWas_IsAPageThatSaysSo()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        using var answer = await browser.GetAsync($"/jobs/{Guid.NewGuid()}/failures");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private async Task<Guid> FailAsync(int items, Func<Item, string> cause)
    {
        using var program = host.Program();
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(new ItemFailed(cause(item), "empty", 1));
        var id = await program.StartPlayedAsync(items);
        await program.WhenAsync(id, "completed");
        return id;
    }

    private static async Task<(List<List<string>> Pages, string Last)> WalkAsync(Browser browser, string from, string direction)
    {
        var pages = new List<List<string>>();
        var last = from;
        for (var path = from; path is not null;)
        {
            var page = await browser.ReadAsync(last = path);
            pages.Add(Keys(page));
            path = Page().Matches(page).SingleOrDefault(link => link.Groups[2].Value == direction) is { } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        return (pages, last);
    }

    private static List<string> Keys(string page) => [.. Key().Matches(page).Select(key => key.Groups[1].Value)];

    [GeneratedRegex("<td class=\"lead\"><code>([^<]+)</code>")]
    private static partial Regex Key();

    [GeneratedRegex("href=\"([^\"]+)\" rel=\"(next|prev)\"")]
    private static partial Regex Page();

    [GeneratedRegex("href=\"([^\"]+/retry-failed[^\"]*)\"")]
    private static partial Regex Retry();

    [GeneratedRegex("href=\"(/api/jobs/[^\"]+/failures[^\"]*)\"")]
    private static partial Regex Export();
}
