using System.Net;
using System.Text.RegularExpressions;
using Npgsql;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.SystemPages;

/// <summary>The page about silos, database and settings, and the audit.</summary>
public sealed partial class SystemTests
{
    [Fact]
    public async Task Page_ShowsWhatIsInEffect_AndNoSecret()
    {
        await using var database = await PostgresDatabase.CreateAsync();
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        connection.Password ??= "canary-database"; // a server that asks for none takes any
        await using var host = await WebHost.StartAsync(
            connection.ConnectionString,
            ("Upstreams:github:Token", "canary-token"), ("Upstreams:leetcode:BaseUrl", "http://canary-user:canary-password@127.0.0.1:9/path?key=canary-query"),
            ("Upstreams:hackerrank:Concurrency", "3"), ("BULK_ADMIN_PASSWORD", "canary-of-the-admin"), ("BULK_API_KEY", "canary-key-of-the-admin"), ("BULK_DATA_KEY", "canary-data-key-of-20-characters"));
        using var viewer = new Browser(host.Address);
        var name = await host.AddUserAsync(Roles.Viewer);
        using var signedIn = await viewer.SignInAsync(name, WebHost.AdminPassword);

        var page = await viewer.ReadAsync("/system");

        Assert.DoesNotContain("canary", page, StringComparison.Ordinal);
        Assert.DoesNotContain(connection.Password, page, StringComparison.Ordinal);
        Assert.Contains(Row("Upstreams:github:Token", "set <span class=\"warn\"> · default not set"), page, StringComparison.Ordinal);
        Assert.Contains(Row("Upstreams:codeforces:Token", "not set"), page, StringComparison.Ordinal);
        Assert.Contains(Row("BULK_DATA_KEY", "set"), page, StringComparison.Ordinal);
        Assert.Contains(Row("ConnectionStrings:Bulk, password", "set"), page, StringComparison.Ordinal);
        Assert.Contains(Row("Upstreams:leetcode:BaseUrl", "http://127.0.0.1:9/path"), page, StringComparison.Ordinal);
        Assert.Contains(Row("Upstreams:hackerrank:Concurrency", "3 <span class=\"warn\"> · default 5"), page, StringComparison.Ordinal);
        Assert.Contains(Row("Jobs:MaxOpenItems", "20000</dd>"), page, StringComparison.Ordinal);

        Assert.Contains($"<strong>{Environment.MachineName}/{Environment.ProcessId}/", page, StringComparison.Ordinal);
        Assert.Contains(", alone, since", page, StringComparison.Ordinal); // the advisory lock
        Assert.Contains("<code>0001_jobs</code>", page, StringComparison.Ordinal);
        Assert.Contains("Lane of people", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/system/users\"", page, StringComparison.Ordinal); // for admins
    }

    [Fact]
    public async Task Audit_IsWalkedAndFiltered_AndEncodesWhatItShows()
    {
        await using var host = await WebHost.StartAsync();
        await host.Postgres.ExecuteAsync("""
            INSERT INTO audit (id, at, actor, action, subject, detail)
            SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, now(), CASE WHEN n % 10 = 0 THEN 'key:<script>x' ELSE 'walker' END,
                   CASE WHEN n % 3 = 0 THEN 'test.third' ELSE 'test.other' END, 'entry ' || n, '{"why": "<script>alert(1)</script>"}'
            FROM generate_series(1, 300) n
            """);
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);

        Assert.Equal(300, await WalkAsync(viewer, "/system/audit"));
        Assert.Equal(30, await WalkAsync(viewer, "/system/audit?actor=key:%3Cscript%3Ex"));
        Assert.Equal(100, await WalkAsync(viewer, "/system/audit?what=test.third"));
        Assert.Equal(10, await WalkAsync(viewer, "/system/audit?what=test.third&actor=key:%3Cscript%3Ex"));
        Assert.Contains("Nothing matches.", await viewer.ReadAsync("/system/audit?actor=nobody"), StringComparison.Ordinal);
        using var impossible = await viewer.GetAsync("/system/audit?actor=%00");
        Assert.Equal(HttpStatusCode.BadRequest, impossible.StatusCode);
    }

    private static async Task<int> WalkAsync(Browser browser, string path)
    {
        var seen = new List<string>();
        for (string? next = path; next is not null;)
        {
            var page = await browser.ReadAsync(next);
            Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
            seen.AddRange(Entry().Matches(page).Select(entry => entry.Value));
            next = Older().Match(page) is { Success: true } older ? WebUtility.HtmlDecode(older.Groups[1].Value) : null;
        }

        Assert.Equal(seen.Distinct(), seen);
        return seen.Count;
    }

    private static string Row(string name, string value) => $"<dt><code>{name}</code></dt><dd>{value}";

    [GeneratedRegex("entry [0-9]+(?=</td>)")]
    private static partial Regex Entry();

    [GeneratedRegex(" rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Older();
}
