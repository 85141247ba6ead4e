using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Upstreams;

/// <summary>The page of the upstreams.</summary>
public sealed class IndexTests(WebHost host) : IClassFixture<WebHost>, IDisposable
{
    public void Dispose() => host.Simulator.Change("""{"upstreams": {"geeksforgeeks": {"latency": null}, "leetcode": {"faults": []}}}""");

    [Fact]
    public async Task EveryUpstreamIsThere_AlsoOneThatIsSwitchedOff()
    {
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);
        var page = await browser.ReadAsync("/upstreams");

        foreach (var name in new[] { "atcoder", "codechef", "codeforces", "geeksforgeeks", "github", "hackerrank", "leetcode" })
        {
            Assert.Contains($"id=\"upstream-{name}\"", page, StringComparison.Ordinal);
        }

        Assert.Contains("switched off", page, StringComparison.Ordinal);
        Assert.Contains("Upstreams:codechef:Enabled", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BusyUpstream_SaysWhoCallsAndWaits()
    {
        host.Simulator.Change("""{"upstreams": {"geeksforgeeks": {"latency": {"meanMs": 700}}}}""");
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", Enumerable.Range(0, 60).Select(number => new { platform = "geeksforgeeks", handle = $"waits{number}" }));
        var id = (await program.PostAsync("/api/coding-profiles/admin/bulk-refresh", new { filter = new { platform = "geeksforgeeks" } })).Json.GetProperty("id").GetGuid();
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = "";
        await WebHost.UntilAsync(() => $"the page names the job that calls: {page}", async () =>
            (page = await browser.ReadAsync("/upstreams?handler=Live")).Contains($"href=\"/jobs/{id}\"", StringComparison.Ordinal));

        Assert.DoesNotContain("<html", page, StringComparison.Ordinal); // the part that changes, and nothing else
        Assert.Contains("<span class=\"tag busy\">busy</span>", page, StringComparison.Ordinal);
        await program.PostAsync($"/api/jobs/{id}/cancel");
    }

    [Fact]
    public async Task OpenBreaker_IsShownWithItsReason()
    {
        host.Simulator.Change("""{"upstreams": {"leetcode": {"faults": [{"kind": "status", "status": 403}]}}}""");
        using var program = host.Program();
        await program.PostAsync("/api/coding-profiles", """[{"platform": "leetcode", "handle": "blocked"}]""");
        await program.GetAsync("/api/coding-profiles/leetcode/blocked?maxAgeSeconds=0");
        using var browser = await Visitor.SignInAsync(host, Roles.Viewer);

        var page = await browser.ReadAsync("/upstreams");

        Assert.Contains("breaker open", page, StringComparison.Ordinal);
        Assert.Contains("Items wait without spending attempts.", page, StringComparison.Ordinal);
    }
}
