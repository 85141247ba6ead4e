using OrleansBulk.Jobs;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Syncs of tabs over the learning application's schema.</summary>
public sealed class TabSyncTests
{
    private static readonly object Full = new { incremental = false };

    [Fact]
    public async Task FirstSyncs_TakeEverythingOver_WithinTheLimitOfEach()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(300)");

        var first = await stage.SyncAsync();
        Assert.Equal((JobStatus.Completed, 0L), (first.Status, first.Failed));
        Assert.Equal((300, 1000, 500, 300, 500), Counts(stage));

        await stage.SyncAsync();
        await stage.SyncAsync();
        Assert.Equal((300, 1200, 900, 300, 600), Counts(stage));
        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        var states = await stage.Store.ListAsync(CancellationToken.None);
        foreach (var tab in stage.Catalog.All)
        {
            Assert.Equal(0, (await stage.Source.ReadLagAsync(tab, states[tab.Name].Watermark, 100, CancellationToken.None)).Rows);
        }
    }

    [Fact]
    public async Task IncrementalSync_WritesWhatChanged_AndNothingElse()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(60)");
        await stage.SyncAsync();
        var (writes, publications) = (stage.Grid.Writes, stage.Grid.Publications);

        var quiet = await stage.SyncAsync();
        Assert.Equal((writes, publications), (stage.Grid.Writes, stage.Grid.Publications));
        Assert.Equal(5, quiet.Succeeded); // the ends of the tabs
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'Renamed', updated_at = now() WHERE id = 7; UPDATE learning.users SET updated_at = now() WHERE id = 8; INSERT INTO learning.users (name, email, joined_on) VALUES ('New', 'new@example.org', '2026-01-01')");
        var changed = await stage.SyncAsync();

        Assert.InRange(stage.Grid.Writes - writes, 1, 2); // three rows of sixty; 8 has another time only, which the tab shows
        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        var changes = await stage.Store.ReadChangesAsync("user-profiles", changed.Id, null, 10, CancellationToken.None);
        Assert.Equal(["61:added", "7:changed", "8:changed"], changes.Select(change => $"{change.Key}:{change.Kind}"));
        Assert.Equal(("Learner 7", "Renamed"), (changes[1].Before![1], changes[1].After![1]));
    }

    [Fact]
    public async Task DeletedRows_AreFoundByAFullSync_WhichAlsoPutsTheSheetRight()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(90)");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("DELETE FROM learning.users WHERE id IN (3, 50)");
        stage.Grid.Edit("user-profiles", 10, ["somebody", "typed", "over", "it", "", "", ""]);
        stage.Grid.Edit("user-profiles", 20, null);
        stage.Grid.Edit("user-profiles", 500, ["below", "the", "end", "", "", "", ""]);

        await stage.SyncAsync();
        Assert.NotEqual(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        var full = await stage.SyncAsync(Full);

        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        var last = (await stage.Store.ReadHistoryAsync("user-profiles", 1, CancellationToken.None))[0];
        Assert.Equal((full.Id, true, true, 2, 3), (last.JobId, last.IsFull, last.IsWhole, last.Removed, last.Restored));
    }

    [Fact]
    public async Task WritesThatFailOrWhoseAnswerIsLost_AreDoneAgainInTheSamePlace()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(100)");
        var call = 0;
        stage.Grid.Trouble = () => (Interlocked.Increment(ref call) % 4) switch { 1 => true, 2 => false, _ => null };

        var troubled = await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });
        Assert.True(troubled.Failed > 0);
        stage.Grid.Trouble = () => null;
        var again = await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });

        Assert.Equal(0, again.Failed);
        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
    }

    [Fact]
    public async Task WriteThatWasDoneThoughItFailed_IsPutRight_WhenTheSourceIsAsBefore()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20)");
        await stage.SyncAsync(new { tabs = new[] { "chat-logs" } });
        await stage.Postgres.ExecuteAsync("UPDATE learning.chat_logs SET message = 'for a moment', updated_at = now() WHERE id = 5");
        stage.Grid.Trouble = () => true; // it is done, and nobody hears of it
        await stage.SyncAsync(new { tabs = new[] { "chat-logs" } });
        Assert.Contains(stage.Shown("chat-logs"), row => row.Contains("for a moment", StringComparison.Ordinal));

        stage.Grid.Trouble = () => null;
        await stage.Postgres.ExecuteAsync("UPDATE learning.chat_logs SET message = (SELECT cells[3] FROM tab_rows WHERE tab = 'chat-logs' AND key = '5'), updated_at = now() WHERE id = 5");
        await stage.SyncAsync(new { tabs = new[] { "chat-logs" } });

        Assert.DoesNotContain(stage.Shown("chat-logs"), row => row.Contains("for a moment", StringComparison.Ordinal));
        Assert.Equal(0, await stage.Postgres.QueryAsync<long>("SELECT count(*) FROM tab_rows WHERE is_dirty"));
    }

    [Fact]
    public async Task BatchOfRows_IsOneStatement_WhateverBelongsToThem()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(200)");
        var statements = stage.Source.Statements;

        await stage.SyncAsync(new { tabs = new[] { "course-progress" } });

        // 400 rows in batches of 25, the page of places; user and course come with the batch
        Assert.Equal((400 / 25) + 1, stage.Source.Statements - statements);
        Assert.Equal(400, stage.Grid.Rows("course-progress").Count);
        Assert.InRange(stage.Grid.Writes, 400 / 25, 400 / 4); // a batch that fills slowly goes out as it is, so how many there are is the machine's matter
    }

    [Fact]
    public async Task LateCommit_BehindTheWatermark_IsNotMissed()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20)");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("INSERT INTO learning.users (name, email, joined_on, updated_at) SELECT 'Late', 'late@example.org', '2026-01-01', max(updated_at) - interval '30 seconds' FROM learning.users");

        await stage.SyncAsync();

        Assert.Contains(stage.Shown("user-profiles"), row => row.Contains("|Late|", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OneSyncOfATabAtATime_AndAPausedTabIsLeftOut()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(200)");
        await stage.Store.PauseAsync("chat-logs", true, CancellationToken.None);

        var both = await Task.WhenAll(stage.SyncAsync(), stage.SyncAsync());

        Assert.All(both, job => Assert.Equal((JobStatus.Completed, 0L), (job.Status, job.Failed)));
        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        Assert.Empty(stage.Grid.Rows("chat-logs"));
    }

    [Fact]
    public async Task TabWhoseQueryIsWrong_FailsInWords_AndTheOthersGoOn()
    {
        var catalog = TabCatalog.Parse("""
            {"tabs": [
                {"name": "wrong", "source": "SELECT id AS key, updated_at, name FROM learning.nobody", "columns": [{"name": "name"}]},
                {"name": "without", "source": "SELECT id AS key, name FROM learning.users", "columns": [{"name": "name"}]},
                {"name": "right", "source": "SELECT id AS key, updated_at, name FROM learning.users", "columns": [{"name": "name"}]}
            ]}
            """, "test.json");
        await using var stage = await TabStage.StartAsync(catalog: catalog);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");

        var job = await stage.SyncAsync();

        Assert.Equal((2L, 5), (job.Failed, stage.Grid.Rows("right").Count));
        var failures = await stage.Jobs.Failures.ListAsync(job.Id, null, -1, 10, CancellationToken.None);
        Assert.Contains(failures, failure => failure.Message.Contains("learning.nobody", StringComparison.Ordinal));
        Assert.Contains(failures, failure => failure.Message.Contains("answers no column 'updated_at'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TimeThatIsUp_KeepsWhatIsDone_AndTheNextSyncGoesOn()
    {
        await using var stage = await OnASlowSheetAsync();

        var late = await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });
        var state = (await stage.Store.ListAsync(CancellationToken.None))["user-profiles"];
        Assert.True(late.Skipped > 0 && late.Succeeded > 10, $"{late.Succeeded} rows were taken over, {late.Skipped} left.");
        Assert.Equal((false, null), (state.Last!.IsWhole, state.Watermark));

        stage.Grid.Trouble = () => null;
        var writes = stage.Grid.Writes;
        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });
        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        Assert.True(stage.Grid.Writes - writes < 10, "What was done already was written again.");
    }

    [Fact]
    public async Task FullSyncWhoseTimeIsUp_IsGoneOnWith_AndNotBegunAgain()
    {
        await using var stage = await OnASlowSheetAsync();
        var full = new { tabs = new[] { "user-profiles" }, incremental = false };
        var first = await stage.SyncAsync(full);
        Assert.True(first.Skipped > 0 && first.Succeeded > 10, $"{first.Succeeded} rows were taken over, {first.Skipped} left.");
        await stage.Postgres.ExecuteAsync("DELETE FROM learning.users WHERE id IN (SELECT key::bigint FROM tab_rows WHERE cells IS NOT NULL ORDER BY position LIMIT 1)"); // one that stands before the place

        stage.Grid.Trouble = () => null;
        var second = await stage.SyncAsync(full);

        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        Assert.True(second.Planned < 100, $"{second.Planned} items were planned for the rest of 100 rows."); // with one row gone, blocks and ends
        var state = (await stage.Store.ListAsync(CancellationToken.None))["user-profiles"];
        Assert.Equal((true, true), (state.Last!.IsWhole, state.FullAt is not null));
        Assert.True((await stage.SyncAsync(full)).Planned > 99, "The next full sync must compare all rows.");
    }

    [Fact]
    public async Task OtherSpreadsheetOfTheSameKind_GetsAllRows()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20)");
        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });
        stage.Grid.Place = "another spreadsheet";
        stage.Grid.Delete("user-profiles");

        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });

        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
    }

    [Fact]
    public async Task SheetThatSomebodyDeleted_IsWholeAgainAfterTheNextSync()
    {
        await using var stage = await TabStage.StartAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20)");
        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });
        stage.Grid.Delete("user-profiles");
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'Changed', updated_at = now() WHERE id = 3");

        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } }); // finds that it had to be made
        await stage.SyncAsync(new { tabs = new[] { "user-profiles" } });

        Assert.Equal(await ExpectedUsersAsync(stage), stage.Shown("user-profiles"));
        Assert.False((await stage.SyncAsync(new { tabs = new[] { "user-profiles" } })).Planned > 20, "Only one full sync is needed.");
    }

    [Fact]
    public async Task SourceIsOnlyRead()
    {
        var catalog = TabCatalog.Parse("""{"tabs": [{"name": "sly", "source": "WITH x AS (DELETE FROM learning.users RETURNING *) SELECT id AS key, updated_at, name FROM x", "columns": [{"name": "name"}]}]}""", "test.json");
        await using var stage = await TabStage.StartAsync(catalog: catalog);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");

        var job = await stage.SyncAsync();

        Assert.Equal(1, job.Failed);
        Assert.Equal(5, await stage.Postgres.QueryAsync<long>("SELECT count(*) FROM learning.users"));
    }

    /// <summary>With a hundred learners and a time-out of a second.</summary>
    private static async Task<TabStage> OnASlowSheetAsync()
    {
        var stage = await TabStage.StartAsync(new TabOptions { Delay = TimeSpan.Zero, Timeout = TimeSpan.FromSeconds(1) });
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(100)");
        stage.Grid.Trouble = () =>
        {
            Thread.Sleep(200); // ten batches would take two seconds
            return null;
        };
        return stage;
    }

    private static (int, int, int, int, int) Counts(TabStage stage) => (
        stage.Grid.Rows("user-profiles").Count, stage.Grid.Rows("quiz-responses").Count, stage.Grid.Rows("engagement-logs").Count, stage.Grid.Rows("chat-logs").Count, stage.Grid.Rows("course-progress").Count);

    internal static async Task<IEnumerable<string>> ExpectedUsersAsync(TabStage stage) =>
        (await stage.Postgres.QueryAsync<string[]>("""
            SELECT coalesce(array_agg(concat_ws('|', id, name, email, coalesce(country, ''), joined_on, CASE WHEN is_active THEN 'yes' ELSE 'no' END, to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))), '{}') FROM learning.users
            """)).Order(StringComparer.Ordinal);
}
