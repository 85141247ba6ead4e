using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Rows move up to where rows are gone, when somebody says so.</summary>
public sealed class TabGapTests
{
    private static readonly TabCatalog Catalog = TabCatalog.Parse("""
        {"tabs": [{"name": "users", "batch": 10, "source": "SELECT id AS key, updated_at, name FROM learning.users", "columns": [{"name": "name"}]}]}
        """, "test.json");

    private static readonly object CloseGaps = new { closeGaps = new[] { "users" } };

    [Fact]
    public async Task GapsStay_UntilTheyAreClosed_ThenRowsStandOneBelowTheOther_InTheirOrder()
    {
        await using var stage = await WithGapsAsync();
        var before = stage.Grid.Rows("users");
        Assert.Equal(23, (await stage.Store.ListAsync(CancellationToken.None))["users"].Gaps);

        var job = await stage.SyncAsync(CloseGaps);

        var after = stage.Grid.Rows("users");
        Assert.Equal((JobStatus.Completed, 0L), (job.Status, job.Failed));
        Assert.Equal(Enumerable.Range(1, 47), after.Keys.Order());
        Assert.Equal(before.OrderBy(row => row.Key).Select(row => row.Value[0]), after.OrderBy(row => row.Key).Select(row => row.Value[0]));
        Assert.Equal((47, 0), (await stage.Store.ListAsync(CancellationToken.None))["users"] is var state ? (state.Rows, state.Gaps) : default);

        await stage.Postgres.ExecuteAsync("INSERT INTO learning.users (name, email, joined_on) VALUES ('Next', 'next@example.org', '2026-02-02')");
        await stage.SyncAsync();
        Assert.Equal("Next", stage.Grid.Rows("users")[48][0]);
    }

    [Fact]
    public async Task ClosingThatDoesNotComeToItsEnd_IsEndedByTheNextSync()
    {
        await using var stage = await WithGapsAsync();
        stage.Grid.Restoring = first => first > 1 ? new CallTroubled("grid: no answer in time", "The test wants it.") : null;
        Assert.NotEqual(0L, (await stage.SyncAsync(CloseGaps)).Failed);
        Assert.NotEqual(await stage.ExpectedAsync("users"), stage.Shown("users"));

        stage.Grid.Restoring = _ => null;
        var next = await stage.SyncAsync(); // of what changed: nothing has

        Assert.Equal(0L, next.Failed);
        Assert.Equal(await stage.ExpectedAsync("users"), stage.Shown("users"));
        Assert.Equal(Enumerable.Range(1, 47), stage.Grid.Rows("users").Keys.Order());
    }

    /// <summary>Of 70 users every third is gone from the sheet.</summary>
    private static async Task<TabStage> WithGapsAsync()
    {
        var stage = await TabStage.StartAsync(catalog: Catalog);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(70)");
        await stage.SyncAsync(new { incremental = false });
        await stage.Postgres.ExecuteAsync("DELETE FROM learning.users WHERE id % 3 = 0");
        await stage.SyncAsync(new { incremental = false });
        return stage;
    }
}
