using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.SystemPages;

/// <summary>The pages on which admins let people in and keep them out.</summary>
public sealed partial class UsersTests(WebHost host) : IClassFixture<WebHost>
{
    private static readonly Dictionary<string, string> Nothing = [];
    private readonly UserStore _users = host.Services.GetRequiredService<UserStore>();

    [Fact]
    public async Task AddedUser_SignsInWithThePasswordThatIsShownOnce()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        var name = $"added-{Guid.NewGuid():N}";

        using var answer = await admin.SubmitAsync("/system/users", Fields(("name", name), ("role", Roles.Operator)));

        var password = Secret(await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.CacheControl?.NoStore);
        using var added = new Browser(host.Address);
        using var signedIn = await added.SignInAsync(name, password);
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        Assert.Equal(Roles.Operator, (await _users.FindByNameAsync(name, CancellationToken.None))!.Role);
        Assert.DoesNotContain(password, await admin.ReadAsync("/system/users"), StringComparison.Ordinal);
        Assert.Equal(1, await AuditedAsync("user.add", name, admin));
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE audit::text LIKE '%' || $1 || '%'", password));
    }

    [Theory]
    [InlineData("", "viewer", "A name has 2 to 64")]
    [InlineData("<script>alert(1)</script>", "viewer", "A name has 2 to 64")]
    [InlineData("key:first", "viewer", "A name has 2 to 64")]
    [InlineData("somebody", "emperor", "A role is one of viewer, operator, admin.")]
    [InlineData("ADMIN", "viewer", "a user called &#x27;ADMIN&#x27; already")]
    public async Task UserThatCannotBe_GetsASentence_AndKeepsWhatWasTyped(string name, string role, string expected)
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);

        using var answer = await admin.SubmitAsync("/system/users", Fields(("name", name), ("role", role)));

        var page = await answer.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.Contains($"value=\"{WebUtility.HtmlEncode(name)}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DisabledUser_IsOutAtOnce_AndComesBackWhenEnabled()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        using var user = await Visitor.SignInAsync(host, Roles.Viewer);
        var id = await IdAsync(user);
        Assert.Contains($"Disable {user.UserName}?", await admin.ReadAsync($"/system/users/{id}/disable"), StringComparison.Ordinal);
        Assert.True(await user.IsSignedInAsync()); // it was only asked

        await DoneAsync(admin, id, "disable");

        Assert.False(await user.IsSignedInAsync());
        using var refused = await user.SignInAsync(user.UserName!, WebHost.AdminPassword);
        Assert.NotEqual(HttpStatusCode.Redirect, refused.StatusCode);
        await DoneAsync(admin, id, "enable");
        using var again = await user.SignInAsync(user.UserName!, WebHost.AdminPassword);
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
        Assert.Equal(1, await AuditedAsync("user.disable", user.UserName!, admin));
        Assert.Equal(1, await AuditedAsync("user.enable", user.UserName!, admin));
    }

    [Fact]
    public async Task AnotherRole_EndsTheSession_AndHoldsFromTheNextSignIn()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        using var user = await Visitor.SignInAsync(host, Roles.Viewer);
        var id = await IdAsync(user);

        await DoneAsync(admin, id, "role", ("role", Roles.Operator));

        Assert.False(await user.IsSignedInAsync());
        using var again = await user.SignInAsync(user.UserName!, WebHost.AdminPassword);
        Assert.Contains("Change limits", await user.ReadAsync("/upstreams"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NewPassword_IsShownOnce_AndTheFormerOneAndItsSessionsAreOver()
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        using var user = await Visitor.SignInAsync(host, Roles.Viewer);

        using var answer = await admin.SubmitAsync($"/system/users/{await IdAsync(user)}/reset-password", Nothing);

        var password = Secret(await answer.Content.ReadAsStringAsync());
        Assert.False(await user.IsSignedInAsync());
        using var former = await user.SignInAsync(user.UserName!, WebHost.AdminPassword);
        Assert.NotEqual(HttpStatusCode.Redirect, former.StatusCode);
        using var fresh = await user.SignInAsync(user.UserName!, password);
        Assert.Equal(HttpStatusCode.Redirect, fresh.StatusCode);
    }

    [Fact]
    public async Task LastAdmin_StaysOne()
    {
        await using var alone = await WebHost.StartAsync();
        using var admin = new Browser(alone.Address);
        using var signedIn = await admin.SignInAsync("admin", WebHost.AdminPassword);
        var id = (await alone.Services.GetRequiredService<UserStore>().FindByNameAsync("admin", CancellationToken.None))!.Id;

        foreach (var (verb, fields) in new[] { ("disable", Nothing), ("role", Fields(("role", Roles.Operator))) })
        {
            using var answer = await admin.SubmitAsync($"/system/users/{id}/{verb}", fields);

            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            Assert.Contains("nobody would be left who is an admin", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.True(await admin.IsSignedInAsync());
        Assert.Equal(0, await alone.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action LIKE 'user.%'"));
    }

    [Theory]
    [InlineData("/system/users/00000000-0000-0000-0000-000000000000/disable")]
    [InlineData("/system/users/00000000-0000-0000-0000-000000000000/promote")]
    [InlineData("/system/keys/00000000-0000-0000-0000-000000000000/revoke")]
    public async Task WhatIsGone_IsNotFound(string path)
    {
        using var admin = await Visitor.SignInAsync(host, Roles.Admin);
        using var answer = await admin.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static async Task DoneAsync(Browser admin, Guid id, string verb, params (string, string)[] fields)
    {
        using var answer = await admin.SubmitAsync($"/system/users/{id}/{verb}", Fields(fields));
        Assert.Equal((HttpStatusCode.Redirect, "/system/users"), (answer.StatusCode, answer.Headers.Location?.ToString()));
    }

    private async Task<Guid> IdAsync(Browser user) => (await _users.FindByNameAsync(user.UserName!, CancellationToken.None))!.Id;

    private Task<long> AuditedAsync(string action, string subject, Browser actor) =>
        host.Postgres.QueryAsync<long>("SELECT count(*) FROM audit WHERE action = $1 AND subject = $2 AND actor = $3", action, subject, actor.UserName);

    private static Dictionary<string, string> Fields(params (string Name, string Value)[] fields) => fields.ToDictionary(field => field.Name, field => field.Value);

    internal static string Secret(string page) => ShownSecret().Match(page) is { Success: true } secret ? WebUtility.HtmlDecode(secret.Groups[1].Value) : throw new InvalidOperationException($"No secret is shown: {page}");

    [GeneratedRegex("<section class=\"card secret\".*?<code>([^<]+)</code>", RegexOptions.Singleline)]
    private static partial Regex ShownSecret();
}
