using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Security;

/// <summary>Who may do what on every page there is, and that no text of anybody's becomes part of one: a page that is added later is checked by itself.</summary>
public sealed partial class PageRoutesTests(WebHost host) : IClassFixture<WebHost>, IAsyncLifetime
{
    private const string Script = "<script>alert(1)</script>";

    // Pages on which everybody changes what is their own. On all others a viewer changes nothing.
    private static readonly string[] OnesOwn = ["/account/password", "/account/sign-in", "/account/sign-out"];

    private IReadOnlyList<PageRoute> _pages = [];
    private Dictionary<string, string> _ids = [];

    /// <summary>Rows that the addresses can name, full of markup wherever texts of others are kept.</summary>
    public async Task InitializeAsync()
    {
        _pages = await PageRoute.AllAsync(host);
        using var program = host.Program();
        host.Played.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal % 2 == 0 ? new ItemFailed(Script, Script, 1) : new ItemSkipped(Script));
        var job = await program.StartPlayedAsync(4);
        await program.WhenAsync(job, "completed");
        var user = await host.AddUserAsync(Roles.Viewer);
        var (key, _) = await host.Services.GetRequiredService<ApiKeyStore>().CreateAsync(Script, Roles.Viewer, Script, CancellationToken.None);
        await host.Services.GetRequiredService<AuditLog>().WriteAsync(Script, Script, Script, new { Script });
        await program.PostAsync("/api/coding-profiles", new[] { new { platform = "hackerrank", handle = "scripted", owner = Script } });
        await program.GetAsync("/api/coding-profiles/hackerrank/scripted");
        await host.Postgres.ExecuteAsync("UPDATE jobs SET created_by = $1, error = $1 WHERE id = $2", Script, job);
        _ids = new Dictionary<string, string>
        {
            ["/jobs"] = job.ToString(), ["/system/users"] = (await host.Postgres.QueryAsync<Guid>("SELECT id FROM users WHERE name = $1", user)).ToString(), ["/system/keys"] = key.ToString(),
        };
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Viewer_ChangesNothing_OnAnyPage()
    {
        Assert.True(_pages.Count(page => page.Changes) >= 9, "The pages that change something were not found.");
        using var viewer = await Visitor.SignInAsync(host, Roles.Viewer);
        var token = await viewer.TokenAsync("/account/password");
        foreach (var page in _pages.Where(page => page.Changes && !OnesOwn.Contains(page.Route, StringComparer.OrdinalIgnoreCase)))
        {
            using var refused = await viewer.SubmitAsync(Path(page), new Dictionary<string, string>(), token);
            Assert.True(refused.StatusCode == HttpStatusCode.Forbidden, $"POST {Path(page)} is answered with {refused.StatusCode} to a viewer.");
        }

        Assert.Empty(_pages.Where(page => page.IsOpen).Select(page => page.Route.ToLowerInvariant()).Except(["/account/sign-in", "/account/sign-out"]));
    }

    [Theory]
    [InlineData(Roles.Viewer, Policies.Operator, Policies.Admin)]
    [InlineData(Roles.Operator, Policies.Admin)]
    public async Task RoleThatIsTooLow_IsForbidden_WithItsOwnTokenToo(string role, params string[] closed)
    {
        using var browser = await Visitor.SignInAsync(host, role);
        var token = await browser.TokenAsync("/account/password");
        foreach (var page in _pages)
        {
            var path = Path(page);
            using var seen = await browser.GetAsync(path);
            if (page.Policies.Any(closed.Contains))
            {
                Assert.True(seen.StatusCode == HttpStatusCode.Forbidden, $"GET {path} is answered with {seen.StatusCode} to a {role}.");
                using var changed = await browser.SubmitAsync(path, new Dictionary<string, string>(), token);
                Assert.True(changed.StatusCode == HttpStatusCode.Forbidden, $"POST {path} is answered with {changed.StatusCode} to a {role}.");
            }
            else
            {
                Assert.True(seen.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect or HttpStatusCode.NotFound, $"GET {path} is answered with {seen.StatusCode} to a {role}.");
            }
        }
    }

    [Fact]
    public async Task FormWithoutTheToken_OrWithAForgedOne_ChangesNothing()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        using var other = await Visitor.SignInAsync(host, Roles.Admin);
        var others = await other.TokenAsync("/account/password");
        var before = await ChangesAsync();
        foreach (var page in _pages.Where(page => page.Changes))
        {
            foreach (var token in new[] { "", "forged", others })
            {
                using var refused = await admin.SubmitAsync(Path(page), new Dictionary<string, string>(), token);
                Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, $"POST {Path(page)} with the token '{token}' is answered with {refused.StatusCode}.");
            }
        }

        Assert.Equal(before, await ChangesAsync());
        Assert.True(await admin.IsSignedInAsync());
    }

    [Fact]
    public async Task MarkupInAnyText_StaysText()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        var tried = 0;
        foreach (var page in _pages.Where(page => !page.IsOpen))
        {
            var path = Path(page);
            var plain = await SafeAsync(admin, path, path); // what is in the database
            foreach (var text in page.Texts.Where(text => !page.Route.Contains($"{{{text}", StringComparison.OrdinalIgnoreCase)))
            {
                await SafeAsync(admin, $"{path}?{text}={Uri.EscapeDataString(Script)}", $"{path} with {text} in its address");
                tried++;
            }

            if (!page.Changes || page.Route.EndsWith("/password", StringComparison.OrdinalIgnoreCase))
            {
                continue; // the form for one's own password shows nothing again, and trying costs attempts
            }

            var fields = Field().Matches(plain).Select(field => field.Groups[1].Value).Where(name => name != "__RequestVerificationToken").Distinct().ToList();
            using var answer = await admin.SubmitAsync(path, fields.ToDictionary(name => name, _ => Script), await admin.TokenAsync("/account/password"));
            Assert.DoesNotContain(Script, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.True((int)answer.StatusCode < 500, $"POST {path} with markup in every field is answered with {answer.StatusCode}.");
            tried += fields.Count;
        }

        Assert.True(tried >= 10, $"Only {tried} texts were tried.");
        await SafeAsync(admin, "/", "the page after all that");
    }

    private static async Task<string> SafeAsync(Browser browser, string path, string what)
    {
        using var answer = await browser.GetAsync(path);
        var page = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode < 500, $"{what} is answered with {answer.StatusCode}.");
        Assert.False(page.Contains(Script, StringComparison.Ordinal), $"{what} has markup that is not ours.");
        return page;
    }

    /// <summary>Whatever an admin's form could change.</summary>
    private Task<string> ChangesAsync() => host.Postgres.QueryAsync<string>("""
        SELECT concat_ws('/', (SELECT count(*) FROM jobs), (SELECT string_agg(role || coalesce(disabled_at::text, '') || security_stamp, ',' ORDER BY id) FROM users WHERE name NOT LIKE 'admin-%'),
               (SELECT string_agg(coalesce(revoked_at::text, ''), ',' ORDER BY id) FROM api_keys), (SELECT count(*) FROM upstream_limits), (SELECT count(*) FROM coding_profiles))
        """);

    /// <summary>The page's address, with values for its parameters that name something where the test made something.</summary>
    private string Path(PageRoute page)
    {
        var id = _ids.FirstOrDefault(pair => page.Route.StartsWith(pair.Key, StringComparison.OrdinalIgnoreCase)).Value ?? Guid.Empty.ToString();
        return Parameter().Replace(page.Route, parameter => parameter.Groups[1].Value switch
        {
            "id" => id,
            "verb" => page.Route.StartsWith("/system", StringComparison.OrdinalIgnoreCase) ? "role" : "cancel",
            "name" or "platform" => "hackerrank",
            "handle" => "scripted",
            _ => "1",
        });
    }

    [GeneratedRegex(@"\{\*{0,2}([A-Za-z]+)[^}]*\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("<(?:input|select|textarea)[^>]* name=\"([^\"]+)\"")]
    private static partial Regex Field();
}
