using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class FirstAccessTests : IAsyncLifetime
{
    private PostgresDatabase _database = null!;

    public async Task InitializeAsync() => _database = await PostgresDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task GivenPasswordAndKey_AreTaken_AndNothingIsPrinted()
    {
        var made = await Access(_database.Database, ("BULK_ADMIN_PASSWORD", TestWeb.AdminPassword), ("BULK_API_KEY", TestWeb.AdminKey)).RunOnceAsync(default);

        Assert.Equal(new FirstAccess.Made(User: true, Password: null, Key: true), made);
        Assert.Equal("admin admin", await _database.QueryAsync<string>("SELECT string_agg(name || ' ' || role, ',') FROM users"));
        Assert.Equal("first admin", await _database.QueryAsync<string>("SELECT string_agg(name || ' ' || scope, ',') FROM api_keys"));
    }

    [Fact]
    public async Task WithoutAGivenPassword_OneIsPrintedOnce_NotLogged_AndWorks()
    {
        using var log = new LogCapture();
        var first = await StartAsync(log);
        var second = await StartAsync(log);

        var password = first.Split('\n')[0].Split(' ')[^1].Trim();
        Assert.True(password.Length >= 20, $"The console shows no password: {first}");
        Assert.Equal("", second);
        Assert.Contains("Made the first access", log.All, StringComparison.Ordinal);
        Assert.DoesNotContain(password, log.All, StringComparison.Ordinal);
        await using var web = await TestWeb.StartAsync(_database.ConnectionString);
        using var browser = web.Visit();
        using var answer = await browser.SignInAsync("admin", password);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Fact]
    public async Task SeveralWebsAtOnce_MakeOneAdminAndOneKey()
    {
        var webs = Enumerable.Range(0, 6).Select(i => (Database: new Database(_database.ConnectionString), Key: $"bulk_another_key_for_each_{i}")).ToList();
        var made = await Task.WhenAll(webs.Select(web => Task.Run(() => Access(web.Database, ("BULK_API_KEY", web.Key)).RunOnceAsync(default))));

        Assert.Single(made, one => one.User && one.Password is not null);
        Assert.Single(made, one => one.Key);
        Assert.Equal(5, made.Count(one => one == new FirstAccess.Made(User: false, Password: null, Key: false)));
        Assert.Equal(1, await _database.QueryAsync<long>("SELECT count(*) FROM users"));
        Assert.Equal(1, await _database.QueryAsync<long>("SELECT count(*) FROM api_keys"));
        foreach (var web in webs)
        {
            await web.Database.DisposeAsync();
        }
    }

    [Fact]
    public async Task WhereThereAreUsersAndKeys_NothingIsMade()
    {
        await Access(_database.Database, ("BULK_ADMIN_PASSWORD", TestWeb.AdminPassword), ("BULK_API_KEY", TestWeb.AdminKey)).RunOnceAsync(default);
        await _database.ExecuteAsync("UPDATE users SET name = 'boss', name_key = 'boss', disabled_at = now()");
        await _database.ExecuteAsync("UPDATE api_keys SET revoked_at = now()");

        var made = await Access(_database.Database, ("BULK_ADMIN_PASSWORD", "yet another password"), ("BULK_API_KEY", "bulk_yet_another_key")).RunOnceAsync(default);

        Assert.Equal(new FirstAccess.Made(User: false, Password: null, Key: false), made);
    }

    [Theory]
    [InlineData("BULK_ADMIN_PASSWORD", "elevenchars", "at least 12 characters")]
    [InlineData("BULK_API_KEY", "nineteen_characters", "20 to 200")]
    [InlineData("BULK_API_KEY", "a key with spaces in it", "without spaces")]
    public async Task SettingThatCannotBeUsed_StopsTheStart_AndIsNotShown(string name, string value, string reason)
    {
        var error = await Assert.ThrowsAsync<SiloStartException>(() => Access(_database.Database, (name, value)).RunOnceAsync(default));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(value, error.Message, StringComparison.Ordinal);
        Assert.Equal(0, await _database.QueryAsync<long>("SELECT count(*) FROM users"));
    }

    [Fact]
    public async Task DatabaseThatIsAwayAtTheStart_GetsItsAdminWhenItIsBack()
    {
        await using var door = DatabaseDoor.To(_database.ConnectionString);
        await door.CloseAsync();
        await using var web = await TestWeb.StartAsync(door.ConnectionString);
        Assert.Equal(0, await _database.QueryAsync<long>("SELECT count(*) FROM users"));

        door.Open();
        web.Clock.Advance(TimeSpan.FromSeconds(2));

        await _database.WaitUntilAsync("the first admin is made", "SELECT EXISTS (SELECT FROM users WHERE name = 'admin')");
    }

    private static FirstAccess Access(Database database, params (string Name, string? Value)[] settings) => new(
        database,
        new Passwords(iterations: 1_000),
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value))).Build());

    private async Task<string> StartAsync(LogCapture log)
    {
        await using var console = new StringWriter();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        using var start = new FirstAccessStart(Access(_database.Database), new(), TimeProvider.System, loggers.CreateLogger<FirstAccessStart>()) { Console = console };
        await start.StartAsync(default);
        await start.StopAsync(default);
        return console.ToString();
    }
}
