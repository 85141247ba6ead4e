using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class UserStoreTests : IAsyncLifetime
{
    private PostgresDatabase _database = null!;

    private UserStore Users => new(_database.Database, new Passwords(iterations: 1_000));

    public async Task InitializeAsync() => _database = await PostgresDatabase.CreateAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task TakenName_InAnyCase_MakesNoSecondUser()
    {
        Assert.NotNull(await Users.CreateAsync("Ada", TestWeb.AdminPassword, Roles.Viewer, default));
        Assert.Null(await Users.CreateAsync("aDA", TestWeb.AdminPassword, Roles.Admin, default));
        Assert.Equal(Roles.Viewer, (await Users.FindByNameAsync("ada", default))?.Role);
    }

    [Theory]
    [InlineData("key:first")]
    [InlineData("a")]
    [InlineData("")]
    [InlineData("<script>")]
    [InlineData("-dash")]
    [InlineData("line\nbreak")]
    public async Task NameThatCouldPassForSomethingElse_IsRefused(string name) =>
        await Assert.ThrowsAsync<ArgumentException>(() => Users.CreateAsync(name, TestWeb.AdminPassword, Roles.Viewer, default));

    [Fact]
    public async Task LastAdmin_CanBeNeitherDisabledNorDemoted()
    {
        var admin = (await Users.CreateAsync("admin", TestWeb.AdminPassword, Roles.Admin, default))!.Value;
        var viewer = (await Users.CreateAsync("viewer", TestWeb.AdminPassword, Roles.Viewer, default))!.Value;

        Assert.False(await Users.DisableAsync(admin, default));
        Assert.False(await Users.SetRoleAsync(admin, Roles.Viewer, default));
        Assert.True(await Users.SetRoleAsync(admin, Roles.Admin, default));
        Assert.True(await Users.DisableAsync(viewer, default));
        Assert.False(await Users.DisableAsync(viewer, default));

        Assert.True(await Users.EnableAsync(viewer, default));
        Assert.True(await Users.SetRoleAsync(viewer, Roles.Admin, default));
        Assert.True(await Users.SetRoleAsync(admin, Roles.Viewer, default));
    }

    [Fact]
    public async Task TwoAdminsWhoDisableEachOther_LeaveOne()
    {
        var users = Users;
        for (var round = 0; round < 10; round++)
        {
            var one = (await users.CreateAsync($"one-{round}", TestWeb.AdminPassword, Roles.Admin, default))!.Value;
            var other = (await users.CreateAsync($"other-{round}", TestWeb.AdminPassword, Roles.Admin, default))!.Value;

            var done = await Task.WhenAll(Task.Run(() => users.DisableAsync(one, default)), Task.Run(() => users.SetRoleAsync(other, Roles.Viewer, default)));

            Assert.Single(done, yes => yes);
            await _database.ExecuteAsync("TRUNCATE users");
        }
    }

    [Fact]
    public async Task List_PagesByName()
    {
        foreach (var name in new[] { "Carol", "alice", "Bob" })
        {
            await Users.CreateAsync(name, TestWeb.AdminPassword, Roles.Viewer, default);
        }

        Assert.Equal(["alice", "Bob"], (await Users.ListAsync(null, 2, default)).Select(user => user.Name));
        Assert.Equal(["Carol"], (await Users.ListAsync("Bob", 2, default)).Select(user => user.Name));
    }
}
