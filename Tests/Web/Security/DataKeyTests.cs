using System.Net;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Security;

public sealed class DataKeyTests : IAsyncLifetime
{
    private const string Setting = "BULK_DATA_KEY";
    private PostgresDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task SealedKeys_ShowNothing_AndSessionsOutliveARestart()
    {
        var cookie = await SignInAsync("a secret of at least 20 characters");

        var keys = await _database.QueryAsync<string>("SELECT string_agg(xml, ',') FROM data_protection_keys");
        Assert.Contains("<sealed", keys, StringComparison.Ordinal);
        Assert.DoesNotContain("<masterKey", keys, StringComparison.Ordinal);
        Assert.True(await IsSignedInAsync(cookie, "a secret of at least 20 characters"));
    }

    [Theory]
    [InlineData("another secret of 20 characters")]
    [InlineData(null)]
    public async Task AnotherSecret_EndsSessions_AndOneCanSignInAgain(string? other)
    {
        var cookie = await SignInAsync("a secret of at least 20 characters");

        Assert.False(await IsSignedInAsync(cookie, other));
        Assert.True(await IsSignedInAsync(await SignInAsync(other), other));
    }

    [Fact]
    public async Task SecretSetLater_KeepsSessions()
    {
        var cookie = await SignInAsync(null);
        Assert.True(await IsSignedInAsync(cookie, "a secret of at least 20 characters"));
    }

    [Fact]
    public async Task ShortSecret_StopsTheStart()
    {
        var error = await Assert.ThrowsAsync<SiloStartException>(() => TestWeb.StartAsync(_database.ConnectionString, settings: (Setting, "too short")));
        Assert.Contains(Setting, error.Message, StringComparison.Ordinal);
    }

    private async Task<string> SignInAsync(string? secret)
    {
        await using var web = await TestWeb.StartAsync(_database.ConnectionString, settings: (Setting, secret));
        using var browser = await web.VisitAsAsync(Roles.Viewer);
        return browser.Cookies.GetCookies(web.Address)["bulk-session"]!.Value;
    }

    private async Task<bool> IsSignedInAsync(string cookie, string? secret)
    {
        await using var web = await TestWeb.StartAsync(_database.ConnectionString, settings: (Setting, secret));
        using var browser = web.Visit();
        browser.Cookies.Add(web.Address, new Cookie("bulk-session", cookie));
        return await browser.IsSignedInAsync();
    }
}
