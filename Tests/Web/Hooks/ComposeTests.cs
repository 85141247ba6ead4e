using System.Net;
using System.Text.RegularExpressions;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Hooks;

/// <summary>The form to write hooks: what it would do and cost comes before it does it.</summary>
public sealed partial class ComposeTests(WebHost host) : IClassFixture<WebHost>
{
    private static readonly Dictionary<string, string> Fields = new()
    {
        ["Form.Topic"] = "weekly planning", ["Form.Models"] = "gpt-4o", ["Form.Judges"] = "claude-haiku", ["Form.HooksPerModel"] = "3", ["Form.Key"] = $"page-{Guid.NewGuid():N}",
    };

    [Fact]
    public async Task NothingIsStarted_BeforeWhatItWouldDoWasShown_NorWhenItIsAnotherThing()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Operator);

        using var first = await browser.SubmitAsync("/hooks/compose", Fields);
        var page = await first.Content.ReadAsStringAsync();
        var shown = Shown().Match(page).Groups[1].Value;
        using var changed = await browser.SubmitAsync("/hooks/compose", new Dictionary<string, string>(Fields) { ["Form.HooksPerModel"] = "5", ["Form.Shown"] = shown });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, changed.StatusCode));
        Assert.Contains("1 to gpt-4o, 3 to claude-haiku", page, StringComparison.Ordinal);
        Assert.Matches("Costs at most</dt><dd>0\\.[0-9]+</dd>", page);
        Assert.Contains("5 to claude-haiku", await changed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));

        using var started = await browser.SubmitAsync("/hooks/compose", new Dictionary<string, string>(Fields) { ["Form.Shown"] = shown });
        Assert.Equal(HttpStatusCode.Redirect, started.StatusCode);
        Assert.Equal(1, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [GeneratedRegex("name=\"Form.Shown\" value=\"([0-9a-f]{64})\"")]
    private static partial Regex Shown();
}
