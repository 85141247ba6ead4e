using System.Net;
using Microsoft.AspNetCore.Builder;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Security;

public sealed class CrossSiteTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private int _changes;
    private TestWeb _web = null!;

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(
        database.ConnectionString,
        app => app.MapMethods("/api/test/change", ["POST", "PUT", "PATCH", "DELETE"], () => Interlocked.Increment(ref _changes)).RequireAuthorization(Policies.Operator));

    public async Task DisposeAsync() => await _web.DisposeAsync();

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    public async Task ChangeWithASession_ThatComesFromNowhereOrElsewhere_IsRefused_AndChangesNothing(string method)
    {
        using var browser = await _web.VisitAsAsync(Roles.Operator);
        foreach (var site in new[] { null, "cross-site", "same-site", "none", "same-origin, cross-site" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, await ChangeAsync(browser, method, ("Sec-Fetch-Site", site)));
        }

        Assert.Equal(0, _changes);
    }

    [Fact]
    public async Task ChangeWithASession_FromAPageOfThisSite_IsTaken()
    {
        using var browser = await _web.VisitAsAsync(Roles.Operator);
        Assert.Equal(HttpStatusCode.OK, await ChangeAsync(browser, "POST", ("Sec-Fetch-Site", "same-origin")));
        Assert.Equal(HttpStatusCode.OK, await ChangeAsync(browser, "POST", ("RequestVerificationToken", await browser.TokenAsync("/account/password"))));
        Assert.Equal(2, _changes);
    }

    [Fact]
    public async Task ForgedToken_OrAnotherUsers_IsRefused()
    {
        using var browser = await _web.VisitAsAsync(Roles.Operator);
        using var other = await _web.VisitAsAsync(Roles.Operator);
        var token = await browser.TokenAsync("/account/password");
        foreach (var forged in new[] { "forged", await other.TokenAsync("/account/password"), token[..^4] + "AAAA" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, await ChangeAsync(browser, "POST", ("RequestVerificationToken", forged)));
        }

        Assert.Equal(0, _changes);
    }

    [Fact]
    public async Task ApiKey_NeedsNoToken()
    {
        using var program = _web.Program();
        using var answer = await program.PostAsync("/api/test/change", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(1, _changes);
    }

    [Fact]
    public async Task PageForm_WithoutToken_ChangesNothing_EvenFromThisSite()
    {
        using var browser = await _web.VisitAsAsync(Roles.Operator);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/account/password")
        {
            Headers = { { "Sec-Fetch-Site", "same-origin" } },
            Content = new FormUrlEncodedContent([new("current", TestWeb.AdminPassword), new("fresh", "another horse battery")]),
        };
        using var answer = await browser.SendAsync(request);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var again = _web.Visit();
        using var signedIn = await again.SignInAsync(browser.UserName!, TestWeb.AdminPassword);
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
    }

    private static async Task<HttpStatusCode> ChangeAsync(Browser browser, string method, (string Name, string? Value) header)
    {
        using var request = new HttpRequestMessage(new(method), "/api/test/change");
        if (header.Value is not null)
        {
            request.Headers.Add(header.Name, header.Value);
        }

        using var answer = await browser.SendAsync(request);
        return answer.StatusCode;
    }
}
