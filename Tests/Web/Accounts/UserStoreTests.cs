using Npgsql;
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

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task TwoAdminsWhoPutEachOtherOutAtOnce_LeaveOne(bool disableOne, bool disableOther)
    {
        var one = (await Users.CreateAsync("one", TestWeb.AdminPassword, Roles.Admin, default))!.Value;
        var other = (await Users.CreateAsync("other", TestWeb.AdminPassword, Roles.Admin, default))!.Value;
        Task<bool[]> both;
        await using (var connection = await _database.Database.Bulk.OpenConnectionAsync())
        await using (var holding = await connection.BeginTransactionAsync())
        {
            // Both begin, and neither can go on, before the rows are let go.
            await using var hold = new NpgsqlCommand("SELECT FROM users FOR UPDATE", connection);
            await hold.ExecuteNonQueryAsync();
            both = Task.WhenAll(Task.Run(() => PutOutAsync(one, disableOne)), Task.Run(() => PutOutAsync(other, disableOther)));
            await _database.WaitUntilAsync(
                "both wait for the rows", "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
            await holding.CommitAsync();
        }

        Assert.Single(await both, yes => yes);
        Assert.Equal(1, await _database.QueryAsync<long>("SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL"));
    }

    private Task<bool> PutOutAsync(Guid id, bool disable) => disable ? Users.DisableAsync(id, default) : Users.SetRoleAsync(id, Roles.Viewer, default);

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
