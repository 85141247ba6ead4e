using System.Net;
using Microsoft.AspNetCore.Builder;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Security;

public sealed class SecurityHeadersTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private TestWeb _web = null!;

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(
        database.ConnectionString,
        app =>
        {
            app.MapGet("/api/test/fail", string () => throw new InvalidOperationException("internals"));
            app.MapGet("/test/fail", string () => throw new InvalidOperationException("internals"));
            app.MapGet("/test/admin", () => "in").RequireAuthorization(Policies.Admin);
        });

    public async Task DisposeAsync() => await _web.DisposeAsync();

    [Theory]
    [InlineData("/account/sign-in", 200)]
    [InlineData("/account/password", 200)]
    [InlineData("/test/admin", 403)]
    [InlineData("/test/fail", 500)]
    [InlineData("/there-is-no-such-page", 404)]
    [InlineData("/api/test/fail", 500)]
    [InlineData("/api/there-is-nothing", 404)]
    [InlineData("/healthz", 200)]
    [InlineData("/readyz", 200)]
    [InlineData("/metrics", 200)]
    [InlineData("/app.css", 200)]
    [InlineData("/favicon.svg", 200)]
    public async Task EveryKindOfAnswer_CarriesTheHeaders(string path, int status)
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        if (path == "/account/sign-in")
        {
            browser.Cookies.GetAllCookies().ToList().ForEach(cookie => cookie.Expired = true);
        }

        using var answer = await browser.GetAsync(path);
        Assert.Equal(status, (int)answer.StatusCode);
        AssertHeaders(answer);
    }

    [Fact]
    public async Task RedirectsAndRefusals_CarryTheHeadersToo()
    {
        using var browser = _web.Visit();
        using var redirect = await browser.GetAsync("/account/password");
        Assert.Equal(HttpStatusCode.Redirect, redirect.StatusCode);
        AssertHeaders(redirect);

        using var refused = await browser.GetAsync("/api/jobs");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        AssertHeaders(refused);

        using var method = await _web.Program().DeleteAsync("/api/test/fail");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, method.StatusCode);
        AssertHeaders(method);
    }

    [Fact]
    public async Task Policy_AllowsNoInlineScriptAndNoOtherOrigin()
    {
        using var answer = await _web.Visit().GetAsync("/account/sign-in");
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        var directives = policy.Split(';', StringSplitOptions.TrimEntries).Select(part => part.Split(' ')).ToDictionary(part => part[0], part => part[1..]);

        Assert.Equal(["'none'"], directives["default-src"]);
        foreach (var (name, sources) in directives)
        {
            string[] allowed = name == "img-src" ? ["'self'", "data:"] : name is "default-src" or "base-uri" or "frame-ancestors" or "object-src" ? ["'none'"] : ["'self'"];
            Assert.Equal(allowed, sources);
        }

        foreach (var name in new[] { "script-src", "style-src", "connect-src", "form-action", "base-uri", "frame-ancestors" })
        {
            Assert.Contains(name, directives.Keys);
        }
    }

    [Fact]
    public async Task Pages_HoldNoInlineScriptOrStyleAndNothingFromElsewhere()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        foreach (var page in new[] { await _web.Visit().ReadAsync("/account/sign-in"), await browser.ReadAsync("/account/password") })
        {
            Assert.DoesNotContain("<style", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(" style=", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotMatch("(?i)<script(?![^>]*\\bsrc=)", page);
            Assert.DoesNotMatch("(?i)\\son[a-z]+=", page);
            Assert.DoesNotMatch("(?i)(src|href|action)=\"(https?:)?//", page);
        }
    }

    [Fact]
    public async Task PagesAndApi_AreNotKept_FilesAre()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        foreach (var path in new[] { "/account/password", "/api/there-is-nothing", "/test/fail", "/readyz" })
        {
            using var answer = await browser.GetAsync(path);
            Assert.True(answer.Headers.CacheControl?.NoStore, $"{path} may be kept: {answer.Headers.CacheControl}");
        }

        var page = await browser.ReadAsync("/account/password");
        var versioned = page.Split('"').Single(part => part.StartsWith("/app.css?v=", StringComparison.Ordinal));
        using var kept = await browser.GetAsync(versioned);
        Assert.Equal("public, max-age=31536000, immutable", kept.Headers.CacheControl?.ToString());
        using var asked = await browser.GetAsync("/app.css");
        Assert.Equal("no-cache", asked.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task StrictTransport_IsSaidOverHttpsOnly()
    {
        using var plain = new HttpRequestMessage(HttpMethod.Get, "/account/sign-in") { Headers = { Host = "bulk.example" } };
        using var secure = new HttpRequestMessage(HttpMethod.Get, "/account/sign-in") { Headers = { Host = "bulk.example" } };
        secure.Headers.Add("Test-Https", "yes");
        using var browser = _web.Visit();
        using var overHttp = await browser.SendAsync(plain);
        using var overHttps = await browser.SendAsync(secure);

        Assert.False(overHttp.Headers.Contains("Strict-Transport-Security"));
        Assert.Equal("max-age=15552000", Assert.Single(overHttps.Headers.GetValues("Strict-Transport-Security")));
    }

    private static void AssertHeaders(HttpResponseMessage answer)
    {
        Assert.StartsWith("default-src 'none'; ", Single("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal("nosniff", Single("X-Content-Type-Options"));
        Assert.Equal("DENY", Single("X-Frame-Options"));
        Assert.Equal("same-origin", Single("Referrer-Policy"));
        Assert.Equal("same-origin", Single("Cross-Origin-Opener-Policy"));
        Assert.Contains("camera=()", Single("Permissions-Policy"), StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));
        Assert.False(answer.Headers.Contains("X-Powered-By"));

        string Single(string name) => Assert.Single(answer.Headers.TryGetValues(name, out var values) ? values : []);
    }
}
