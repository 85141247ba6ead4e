using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class SessionTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>, IAsyncLifetime
{
    private const string NewPassword = "another horse battery";
    private TestWeb _web = null!;

    private UserStore Users => _web.Services.GetRequiredService<UserStore>();

    public async Task InitializeAsync() => _web = await TestWeb.StartAsync(
        database.ConnectionString,
        map: app =>
        {
            app.MapGet("/only-operators", () => "in").RequireAuthorization(Policies.Operator);
            app.Use(static (context, next) =>
            {
                // What the server learns when the other side goes away.
                context.RequestAborted = context.Request.Headers.ContainsKey("Test-Gone") ? new CancellationToken(canceled: true) : context.RequestAborted;
                return next(context);
            });
        },
        settings: [("Accounts:SessionIdle", "01:00:00"), ("Accounts:SessionLongest", "03:00:00")]);

    public async Task DisposeAsync() => await _web.DisposeAsync();

    [Fact]
    public async Task Cookie_IsOutOfReachOfScriptsAndOtherSites_AndSecureWhereTheRequestWas()
    {
        using var browser = _web.Visit();
        using var plain = await browser.SignInAsync("admin", TestWeb.AdminPassword);
        using var secureBrowser = _web.Visit();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/account/sign-in");
        request.Headers.Add("Test-Https", "yes");
        request.Content = new FormUrlEncodedContent(
            [new("name", "admin"), new("password", TestWeb.AdminPassword), new("__RequestVerificationToken", await secureBrowser.TokenAsync("/account/sign-in"))]);
        using var secure = await secureBrowser.SendAsync(request);

        var (overHttp, overHttps) = (SessionCookie(plain), SessionCookie(secure));
        foreach (var cookie in new[] { overHttp, overHttps })
        {
            Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("; samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain("; secure", overHttp, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; secure", overHttps, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task NewPassword_EndsOtherSessionsWithin30Seconds_AndKeepsThisOne()
    {
        using var here = await _web.VisitAsAsync(Roles.Viewer);
        using var elsewhere = _web.Visit();
        (await elsewhere.SignInAsync(here.UserName!, TestWeb.AdminPassword)).Dispose();
        Assert.True(await elsewhere.IsSignedInAsync());

        using var changed = await here.SubmitAsync("/account/password", new Dictionary<string, string> { ["current"] = TestWeb.AdminPassword, ["fresh"] = NewPassword });
        Assert.Equal(HttpStatusCode.Redirect, changed.StatusCode);
        _web.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.False(await elsewhere.IsSignedInAsync());
        Assert.True(await here.IsSignedInAsync());
        using var old = await elsewhere.SignInAsync(here.UserName!, TestWeb.AdminPassword);
        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
        using var fresh = await elsewhere.SignInAsync(here.UserName!, NewPassword);
        Assert.Equal(HttpStatusCode.Redirect, fresh.StatusCode);
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'password.change' AND actor = $1", here.UserName));
    }

    [Fact]
    public async Task NewPassword_NeedsTheCurrentOne_AndTwelveCharacters()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        using var wrong = await browser.SubmitAsync("/account/password", new Dictionary<string, string> { ["current"] = "not the password", ["fresh"] = NewPassword });
        using var weak = await browser.SubmitAsync("/account/password", new Dictionary<string, string> { ["current"] = TestWeb.AdminPassword, ["fresh"] = "elevenchars" });

        Assert.Contains("The current password is wrong.", await wrong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("at least 12 characters", await weak.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var again = _web.Visit();
        using var answer = await again.SignInAsync(browser.UserName!, TestWeb.AdminPassword);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Fact]
    public async Task DisabledUser_IsOutWithin30Seconds()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        Assert.True(await browser.IsSignedInAsync());

        Assert.True(await Users.DisableAsync((await Users.FindByNameAsync(browser.UserName!, default))!.Id, default));
        _web.Clock.Advance(TimeSpan.FromSeconds(30));

        Assert.False(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task AnotherRole_EndsOpenSessionsWithin30Seconds_AndCountsFromTheNextSignIn()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        var id = (await Users.FindByNameAsync(browser.UserName!, default))!.Id;
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync());

        Assert.True(await Users.SetRoleAsync(id, Roles.Operator, default));
        _web.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.Redirect, await StatusAsync());
        using var again = await browser.SignInAsync(browser.UserName!, TestWeb.AdminPassword);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        Assert.True(await Users.SetRoleAsync(id, Roles.Operator, default)); // no other role
        _web.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        async Task<HttpStatusCode> StatusAsync()
        {
            using var answer = await browser.GetAsync("/only-operators");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task User_IsReadOncePer30Seconds_NotPerRequest()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        Assert.True(await browser.IsSignedInAsync());

        await database.ExecuteAsync("UPDATE users SET security_stamp = gen_random_uuid() WHERE name = $1", browser.UserName);
        _web.Clock.Advance(TimeSpan.FromSeconds(29));
        Assert.True(await browser.IsSignedInAsync());

        _web.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task IdleSession_Ends()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        _web.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.True(await browser.IsSignedInAsync());
        _web.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.False(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task BusySession_EndsAtItsLongest()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        for (var minutes = 40; minutes < 180; minutes += 40)
        {
            _web.Clock.Advance(TimeSpan.FromMinutes(40));
            Assert.True(await browser.IsSignedInAsync(), $"The session ended after {minutes} minutes, though it was used all the time.");
        }

        _web.Clock.Advance(TimeSpan.FromMinutes(20));
        Assert.False(await browser.IsSignedInAsync());
    }

    [Fact]
    public async Task Session_OutlivesARestart_AsLongAsTheDatabaseHoldsItsKey()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        var cookie = browser.Cookies.GetCookies(_web.Address)["bulk-session"]!.Value;

        Assert.True(await IsSignedInAfterARestartAsync(cookie));
        await database.ExecuteAsync("TRUNCATE data_protection_keys");
        Assert.False(await IsSignedInAfterARestartAsync(cookie));
    }

    [Fact]
    public async Task CopyOfACookie_IsOutWithItsSession_AndOtherSessionsOfTheUserGoOn()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        using var elsewhere = _web.Visit();
        (await elsewhere.SignInAsync(browser.UserName!, TestWeb.AdminPassword)).Dispose();
        using var copy = _web.Visit();
        copy.Cookies.Add(_web.Address, browser.Cookies.GetCookies(_web.Address));
        Assert.True(await copy.IsSignedInAsync());

        (await browser.SubmitAsync("/account/sign-out", new Dictionary<string, string>(), await browser.TokenAsync("/account/password"))).Dispose();

        Assert.False(await copy.IsSignedInAsync());
        Assert.True(await elsewhere.IsSignedInAsync());
    }

    [Fact]
    public async Task EndedSessions_AreForgotten_WhenTheyWouldHaveEndedByThemselves()
    {
        var ended = _web.Services.GetRequiredService<EndedSessions>();
        var (first, second) = (Guid.NewGuid(), Guid.NewGuid());
        await ended.AddAsync(first, _web.Clock.GetUtcNow() + TimeSpan.FromHours(3));
        _web.Clock.Advance(TimeSpan.FromHours(4));
        await ended.AddAsync(second, _web.Clock.GetUtcNow() + TimeSpan.FromHours(3));

        Assert.False(await ended.HasAsync(first, CancellationToken.None));
        Assert.True(await ended.HasAsync(second, CancellationToken.None));
    }

    [Fact]
    public async Task SignOut_OfABrowserThatDoesNotWaitForTheAnswer_IsInTheAudit()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/account/sign-out");
        request.Headers.Add("Test-Gone", "yes");
        request.Content = new FormUrlEncodedContent([new("__RequestVerificationToken", await browser.TokenAsync("/account/password"))]);

        (await browser.SendAsync(request)).Dispose();

        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'session.end' AND actor = $1", browser.UserName));
    }

    [Fact]
    public async Task SignOut_NeedsAPostWithAToken_AndEndsTheSession()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        (await browser.GetAsync("/account/sign-out")).Dispose();
        Assert.True(await browser.IsSignedInAsync());

        using var forged = await browser.PostAsync("/account/sign-out", new Dictionary<string, string>());
        Assert.Equal(HttpStatusCode.BadRequest, forged.StatusCode);
        Assert.True(await browser.IsSignedInAsync());

        var token = await browser.TokenAsync("/account/password");
        using var signedOut = await browser.SubmitAsync("/account/sign-out", new Dictionary<string, string>(), token);
        Assert.Equal("/account/sign-in", signedOut.Headers.Location?.OriginalString);
        Assert.False(await browser.IsSignedInAsync());
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = 'session.end' AND actor = $1", browser.UserName));

        using var again = await browser.SubmitAsync("/account/sign-out", new Dictionary<string, string>(), token);
        Assert.Equal("/account/sign-in", again.Headers.Location?.OriginalString); // no session any more: not an error
    }

    [Fact]
    public async Task ExpiredSession_InTheMiddleOfAForm_LeadsToSignIn_AndBackToThePage()
    {
        using var browser = await _web.VisitAsAsync(Roles.Viewer);
        var token = await browser.TokenAsync("/account/password");
        _web.Clock.Advance(TimeSpan.FromHours(2));

        using var answer = await browser.SubmitAsync("/account/password", new Dictionary<string, string> { ["current"] = "x", ["fresh"] = NewPassword }, token);

        Assert.Equal("/account/sign-in?returnUrl=%2Faccount%2Fpassword&ended=true", answer.Headers.Location?.OriginalString);
        Assert.Contains("nothing was changed", await browser.ReadAsync(answer.Headers.Location!.OriginalString), StringComparison.Ordinal);
    }

    private async Task<bool> IsSignedInAfterARestartAsync(string cookie)
    {
        await using var restarted = await TestWeb.StartAsync(database.ConnectionString);
        using var browser = restarted.Visit();
        browser.Cookies.Add(restarted.Address, new Cookie("bulk-session", cookie));
        return await browser.IsSignedInAsync();
    }

    private static string SessionCookie(HttpResponseMessage answer) =>
        answer.Headers.GetValues("Set-Cookie").Single(cookie => cookie.StartsWith("bulk-session=", StringComparison.Ordinal));
}
