using System.Net;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Tabs;

/// <summary>Tabs as an operator and a program meet them, written to files.</summary>
public sealed class TabPagesTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bulk-tabs-").FullName;
    private WebHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await WebHost.StartAsync(null, ("Tabs:Files:Folder", _folder), ("Tabs:Delay", "00:00:00"));
        await _host.Postgres.ExecuteAsync("SELECT learning.make_demo(40)");
    }

    public async Task DisposeAsync()
    {
        await ((IAsyncDisposable)_host).DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Operator_SyncsAllTabs_SeesWhatChanged_AndPausesOne()
    {
        using var browser = await Visitor.SignInAsync(_host, Roles.Operator);
        using var program = _host.Program();
        Assert.Contains("not synced yet", await browser.ReadAsync("/tabs"), StringComparison.Ordinal);

        using var started = await browser.SubmitAsync("/tabs?handler=Sync", new Dictionary<string, string>(), await browser.TokenAsync("/tabs"));
        await program.WhenAsync(Guid.Parse(started.Headers.Location!.OriginalString.Split('/')[^1]), "completed");

        var users = await File.ReadAllLinesAsync(Path.Combine(_folder, "User profiles.csv"));
        Assert.Equal(("Id,Name,E-mail,Country,Joined,Active,Updated", 41), (users[0], users.Length));
        Assert.Equal(5, Directory.GetFiles(_folder, "*.csv").Length);
        Assert.Contains("'=1+1", await File.ReadAllTextAsync(Path.Combine(_folder, "Quiz responses.csv")), StringComparison.Ordinal);
        Assert.Contains("up to date", await browser.ReadAsync("/tabs"), StringComparison.Ordinal);

        await _host.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'Somebody <else>', updated_at = now() WHERE id = 9; DELETE FROM learning.users WHERE id = 10");
        using var again = await browser.SubmitAsync("/tabs?handler=Sync", new Dictionary<string, string> { ["tab"] = "user-profiles", ["full"] = "true" }, await browser.TokenAsync("/tabs"));
        await program.WhenAsync(Guid.Parse(again.Headers.Location!.OriginalString.Split('/')[^1]), "completed");
        var details = await browser.ReadAsync("/tabs/user-profiles");
        Assert.Contains("<del>Learner 9</del>", details, StringComparison.Ordinal);
        Assert.Contains("<ins>Somebody &lt;else&gt;</ins>", details, StringComparison.Ordinal);
        Assert.Contains("removed", details, StringComparison.Ordinal);
        Assert.Equal(40, (await File.ReadAllLinesAsync(Path.Combine(_folder, "User profiles.csv"))).Length);

        using var paused = await browser.SubmitAsync("/tabs?handler=Pause", new Dictionary<string, string> { ["tab"] = "chat-logs", ["paused"] = "true" }, await browser.TokenAsync("/tabs"));
        Assert.Contains("Chat logs is left out of syncs until it is resumed.", await browser.ReadAsync("/tabs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FileThatSomebodyDeleted_IsThereAgainAfterTheNextSync_ThoughNothingHasChanged()
    {
        using var program = _host.Program();
        var body = new { tabs = new[] { "user-profiles" } };
        await program.WhenAsync((await program.PostAsync("/api/tabs/sync", body)).Json.GetProperty("id").GetGuid(), "completed");
        File.Delete(Path.Combine(_folder, "User profiles.csv"));

        await program.WhenAsync((await program.PostAsync("/api/tabs/sync", body)).Json.GetProperty("id").GetGuid(), "completed");

        Assert.Equal(41, (await File.ReadAllLinesAsync(Path.Combine(_folder, "User profiles.csv"))).Length);
    }

    [Fact]
    public async Task GapsOfASheet_AreSaid_AndClosed()
    {
        using var browser = await Visitor.SignInAsync(_host, Roles.Operator);
        using var program = _host.Program();
        await SyncAsync(new { tabs = new[] { "user-profiles" } });
        await _host.Postgres.ExecuteAsync("DELETE FROM learning.users WHERE id = 10");
        await SyncAsync(new { tabs = new[] { "user-profiles" }, incremental = false });
        Assert.DoesNotContain("Close the gaps", await browser.ReadAsync("/tabs/user-profiles"), StringComparison.Ordinal); // a file has none
        await _host.Postgres.ExecuteAsync("UPDATE tabs SET destination = 'sheets'");
        Assert.Contains("1 place of the sheet is empty, since the rows are gone", await browser.ReadAsync("/tabs/user-profiles"), StringComparison.Ordinal);

        using var started = await browser.SubmitAsync("/tabs?handler=Sync", new Dictionary<string, string> { ["tab"] = "user-profiles", ["closeGaps"] = "true" }, await browser.TokenAsync("/tabs/user-profiles"));
        await program.WhenAsync(Guid.Parse(started.Headers.Location!.OriginalString.Split('/')[^1]), "completed");

        Assert.Equal("39, next 40", await _host.Postgres.QueryAsync<string>("SELECT max(r.position) || ', next ' || max(t.next_position) FROM tab_rows r JOIN tabs t ON t.name = r.tab"));

        async Task SyncAsync(object body) => await program.WhenAsync((await program.PostAsync("/api/tabs/sync", body)).Json.GetProperty("id").GetGuid(), "completed");
    }

    [Fact]
    public async Task Program_SyncsATab_AndReadsHowItStands()
    {
        using var program = _host.Program();

        var started = await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "user-profiles" } });
        Assert.Equal(HttpStatusCode.Accepted, started.Status);
        await program.WhenAsync(started.Json.GetProperty("id").GetGuid(), "completed");
        var tab = (await program.GetAsync("/api/tabs")).Json.EnumerateArray().First(view => view.GetProperty("name").GetString() == "user-profiles");
        Assert.Equal(("up-to-date", 0, 40), (tab.GetProperty("state").GetString(), tab.GetProperty("waiting").GetInt32(), tab.GetProperty("lastSync").GetProperty("added").GetInt32()));
        Assert.Equal((40, false, 300), (tab.GetProperty("rows").GetInt32(), tab.GetProperty("schedule").GetProperty("automatic").GetBoolean(), tab.GetProperty("schedule").GetProperty("intervalSeconds").GetInt32()));
        Assert.Equal(40, (await program.GetAsync("/api/tabs/user-profiles/changes")).Json.GetProperty("items").GetArrayLength());
        Assert.Single((await program.GetAsync("/api/tabs/user-profiles/syncs")).Json.EnumerateArray());

        Assert.Contains("Known are: user-profiles", (await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "nobody" } })).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
        Assert.Contains("There is no tab", (await program.PostAsync("/api/tabs/nobody/pause")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, (await program.PostAsync("/api/tabs/user-profiles/pause")).Status);
        var skipped = await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "user-profiles" } });
        Assert.Equal(1, (await program.WhenAsync(skipped.Json.GetProperty("id").GetGuid(), "completed")).GetProperty("progress").GetProperty("skipped").GetInt32());
    }

    [Fact]
    public async Task RowThatCannotBeWritten_IsSaid_UntilItCanBe_AndTheLastDifferenceStays()
    {
        using var program = _host.Program();
        using var browser = await Visitor.SignInAsync(_host, Roles.Viewer);
        await _host.Postgres.ExecuteAsync("UPDATE learning.chat_logs SET message = repeat('x', 60000) WHERE id = 3");

        await SyncAsync();
        var wrong = await TabAsync();
        Assert.Equal(("wrong", 39, 1), (wrong.GetProperty("state").GetString(), wrong.GetProperty("rows").GetInt32(), wrong.GetProperty("lastSync").GetProperty("failed").GetInt32()));
        Assert.Contains("60,000 characters", wrong.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("60,000 characters", await browser.ReadAsync("/tabs"), StringComparison.Ordinal);
        Assert.Contains("has errors", await browser.ReadAsync("/tabs/chat-logs"), StringComparison.Ordinal);

        await _host.Postgres.ExecuteAsync("UPDATE learning.chat_logs SET message = 'newer', updated_at = now() + interval '10 minutes' WHERE id = 40"); // the watermark leaves the row behind
        await SyncAsync();
        Assert.Equal(("wrong", 1), ((await TabAsync()).GetProperty("state").GetString(), (await TabAsync()).GetProperty("toRewrite").GetInt32()));
        await SyncAsync();
        Assert.Equal("wrong", (await TabAsync()).GetProperty("state").GetString());

        await _host.Postgres.ExecuteAsync("UPDATE learning.chat_logs SET message = 'short', updated_at = now() WHERE id = 3; DELETE FROM learning.chat_logs WHERE id = 4");
        await SyncAsync();
        var right = await TabAsync();
        Assert.Equal(("up-to-date", 40, 0), (right.GetProperty("state").GetString(), right.GetProperty("rows").GetInt32(), right.GetProperty("lastSync").GetProperty("failed").GetInt32()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, right.GetProperty("error").ValueKind);

        await SyncAsync(); // nothing has changed
        Assert.Equal("3", Assert.Single((await program.GetAsync("/api/tabs/chat-logs/changes")).Json.GetProperty("items").EnumerateArray()).GetProperty("key").GetString());
        await SyncAsync(incremental: false);
        Assert.Equal(39, (await TabAsync()).GetProperty("rows").GetInt32());

        async Task SyncAsync(bool incremental = true) =>
            await program.WhenAsync((await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "chat-logs" }, incremental })).Json.GetProperty("id").GetGuid(), "completed");
        async Task<System.Text.Json.JsonElement> TabAsync() => (await program.GetAsync("/api/tabs")).Json.EnumerateArray().First(view => view.GetProperty("name").GetString() == "chat-logs");
    }

    [Fact]
    public async Task FolderThatCannotBeWritten_IsSaid_AndNothingIsLost()
    {
        await using var host = await WebHost.StartAsync(null, ("Tabs:Files:Folder", "/proc/nowhere"), ("Tabs:Delay", "00:00:00"));
        await host.Postgres.ExecuteAsync("SELECT learning.make_demo(3)");
        using var program = host.Program();

        var id = (await program.PostAsync("/api/tabs/sync", new { tabs = new[] { "user-profiles" } })).Json.GetProperty("id").GetGuid();
        var job = await program.WhenAsync(id, "failed");

        Assert.Contains("Tabs:Files:Folder", job.GetProperty("error").GetString(), StringComparison.Ordinal);
        var tab = (await program.GetAsync("/api/tabs")).Json.EnumerateArray().First(view => view.GetProperty("name").GetString() == "user-profiles");
        Assert.Equal(("wrong", "failed"), (tab.GetProperty("state").GetString(), tab.GetProperty("lastSync").GetProperty("state").GetString()));
        Assert.Contains("Tabs:Files:Folder", tab.GetProperty("error").GetString(), StringComparison.Ordinal);
    }
}
