using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What goes wrong in a sync, or between two of them, one trouble at a time.</summary>
public sealed class TabTroubleTests
{
    private static readonly object Full = new { incremental = false };

    [Fact]
    public async Task SeveralTabs_WithMoreRowsThanMemoryHolds_ComeToTheirEnd()
    {
        var catalog = Catalog(("courses", "SELECT id AS key, updated_at, title AS name FROM learning.courses"), ("quizzes", "SELECT id AS key, updated_at, answer AS name FROM learning.quiz_responses"));
        await using var stage = await TabStage.StartAsync(catalog: catalog, jobs: new JobOptions { CommitLinger = TimeSpan.Zero, MaxOpenItems = 1000 });
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(800)"); // 3,200 answers

        var job = await stage.SyncAsync();

        Assert.Equal((JobStatus.Completed, 0L), (job.Status, job.Failed));
        Assert.Equal((5, 3200), (stage.Grid.Rows("courses").Count, stage.Grid.Rows("quizzes").Count));
    }

    [Fact]
    public async Task RowsThatWereCommittedAndNotPublished_ArePublishedByTheNextSync_ThoughNothingChanged()
    {
        var folder = TabSamples.Folder();
        var files = new FilesDestination(new FilesOptions { Folder = folder });
        await using var stage = await TabStage.StartAsync(catalog: Users("name"), destination: files);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(30)");
        stage.Process.Publishing = () => throw new IOException("There is no space left.");

        var failed = await stage.SyncAsync();
        Assert.Equal(1, failed.Failed);
        Assert.False((await stage.Store.ReadHistoryAsync("users", 1, CancellationToken.None))[0].IsWhole);
        stage.Process.Publishing = () => { };
        await stage.SyncAsync();

        Assert.Equal(36, (await File.ReadAllLinesAsync(files.PathsOf(stage.Catalog.All[0])[0])).Length); // with the header
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task EndOfATab_WaitsForTheCommitOfItsLastRows()
    {
        var folder = TabSamples.Folder();
        var files = new FilesDestination(new FilesOptions { Folder = folder });
        await using var stage = await TabStage.StartAsync(catalog: Users("name"), destination: files);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");

        // A commit with rows takes longer than the end of the tab waits between two looks.
        await stage.Postgres.ExecuteAsync("""
            CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.key = '5' AND NOT NEW.is_dirty THEN PERFORM pg_sleep(0.6); END IF; RETURN NULL; END $$;
            CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON tab_rows DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()
            """);
        await stage.SyncAsync();

        Assert.Equal(6, (await File.ReadAllLinesAsync(files.PathsOf(stage.Catalog.All[0])[0])).Length);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task BlockThatIsTriedAgain_AfterALaterSync_ErasesNothing()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(30)");
        await stage.SyncAsync();
        stage.Grid.Restoring = _ => new CallTroubled("grid: no answer in time", "The test wants it.");
        var full = await stage.SyncAsync(Full);
        Assert.Equal((1L, false), (full.Failed, (await stage.Store.ReadHistoryAsync("users", 1, CancellationToken.None))[0].IsWhole));
        Assert.Null((await stage.Store.ListAsync(CancellationToken.None))["users"].FullAt);

        stage.Grid.Restoring = _ => null;
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(30)");
        await stage.SyncAsync();
        var again = await stage.RetryAsync(full.Id);

        Assert.Equal((0L, 60), (again.Failed, stage.Grid.Rows("users").Count));
    }

    [Fact]
    public async Task BlockThatIsTriedAgain_BeforeALaterSync_PutsTheSheetRight()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(30)");
        await stage.SyncAsync();
        stage.Grid.Edit("users", 7, ["typed over"]);
        stage.Grid.Edit("users", 300, ["below the end"]);
        stage.Grid.Restoring = _ => new CallTroubled("grid: no answer in time", "The test wants it.");
        var full = await stage.SyncAsync(Full);
        stage.Grid.Restoring = _ => null;

        await stage.RetryAsync(full.Id);

        Assert.Equal(await stage.ExpectedAsync("users"), stage.Shown("users"));
    }

    [Fact]
    public async Task TabWithBlocksToCompare_IsNotGivenToAnotherSync()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(10)");
        await stage.SyncAsync();
        Guid? beside = null;
        stage.Grid.Restoring = _ =>
        {
            stage.Grid.Restoring = _ => null;
            beside = stage.SyncAsync().GetAwaiter().GetResult().Id; // in the middle of the comparison
            return null;
        };

        await stage.SyncAsync(Full);

        Assert.Contains("syncs it", await stage.Postgres.QueryAsync<string>("SELECT reason FROM skip_reasons WHERE job_id = $1", beside!.Value), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherDestination_CountsAsSynced_OnlyWhenAllBlocksWereCompared()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(10)");
        await stage.SyncAsync();
        stage.Grid.Name = "other";
        for (var position = 1; position <= 10; position++)
        {
            stage.Grid.Edit("users", position, null);
        }

        stage.Grid.Restoring = _ => new CallTroubled("grid: no answer in time", "The test wants it.");
        await stage.SyncAsync();
        stage.Grid.Restoring = _ => null;
        await stage.SyncAsync();

        Assert.Equal(await stage.ExpectedAsync("users"), stage.Shown("users"));
    }

    [Theory]
    [InlineData("email", true)] // fewer
    [InlineData("email,country,name", true)] // swapped, and one between
    [InlineData("email", false)]
    [InlineData("email,country,name", false)]
    public async Task OtherColumns_AreWrittenToAllRows(string columns, bool files)
    {
        var folder = TabSamples.Folder();
        ITabDestination destination = files ? new FilesDestination(new FilesOptions { Folder = folder }) : new GridDestination();
        await using var stage = await TabStage.StartAsync(catalog: Users("name,email"), destination: destination);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(10)");
        await stage.SyncAsync();

        await stage.CrashAsync(Users(columns));
        var job = await stage.SyncAsync();

        Assert.Equal((JobStatus.Completed, 0L), (job.Status, job.Failed));
        var shown = files ? (await File.ReadAllLinesAsync(Path.Combine(folder, "users.csv"))).Skip(1).Select(line => line.Replace(',', '|')).Order(StringComparer.Ordinal) : stage.Shown("users");
        Assert.Equal(await stage.ExpectedAsync("users"), shown);
        var quiet = await stage.SyncAsync();
        Assert.Equal(1, quiet.Planned); // not full again
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task TroubleWithOneSource_FailsItsTabInWords_AndTheOthersGoOn()
    {
        var catalog = Catalog(
            ("places", "SELECT (100 / (id - 3))::bigint * 1000 + id AS key, updated_at, name FROM learning.users"), // fails while it is planned
            ("rows", "SELECT id AS key, updated_at, (100 / (id - 3))::text AS name FROM learning.users"), // fails while its rows are read
            ("good", "SELECT id AS key, updated_at, name FROM learning.users"));
        await using var stage = await TabStage.StartAsync(catalog: catalog);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");

        var job = await stage.SyncAsync();

        Assert.Equal((JobStatus.Completed, 5), (job.Status, stage.Grid.Rows("good").Count));
        var failures = await stage.Jobs.Failures.ListAsync(job.Id, null, -1, 20, CancellationToken.None);
        Assert.Equal(2, failures.Count); // a tab, and the one row
        Assert.All(failures, failure => Assert.Contains("division by zero", failure.Message, StringComparison.Ordinal));
        var states = await stage.Store.ListAsync(CancellationToken.None);
        Assert.Equal((null, false), (states["places"].Watermark, states["places"].Last!.IsWhole));
        Assert.Equal((4, true), (stage.Grid.Rows("rows").Count, states["rows"].Last!.IsWhole));

        await stage.Postgres.ExecuteAsync("DELETE FROM learning.users WHERE id = 3");
        await stage.SyncAsync();
        Assert.Equal((4, 4), (stage.Grid.Rows("places").Count, stage.Grid.Rows("rows").Count)); // nothing was passed over
    }

    [Fact]
    public async Task SourceThatBreaksOff_IsAskedAgain()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        await stage.Source.ReadPlacesAsync(stage.Catalog.All[0], null, null, null, 1, CancellationToken.None); // leaves a connection in the pool
        await stage.Postgres.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'bulk-tabs'");

        var job = await stage.SyncAsync();

        Assert.Equal((0L, 5), (job.Failed, stage.Grid.Rows("users").Count));
    }

    [Fact]
    public async Task RowsWithoutATime_AreAFailureInWords_AndTheOthersAreSynced()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5); ALTER TABLE learning.users ALTER updated_at DROP NOT NULL; UPDATE learning.users SET updated_at = NULL WHERE id IN (2, 4)");

        Assert.Equal(0, (await stage.SyncAsync()).Failed);
        var full = await stage.SyncAsync(Full);

        Assert.Equal((JobStatus.Completed, 1L, 3), (full.Status, full.Failed, stage.Grid.Rows("users").Count));
        Assert.StartsWith("2 rows", (await stage.Jobs.Failures.ListAsync(full.Id, null, -1, 1, CancellationToken.None))[0].Message, StringComparison.Ordinal);
        Assert.Equal(3, (await stage.Source.ReadLagAsync(stage.Catalog.All[0], null, 10, CancellationToken.None)).Rows);
    }

    [Fact]
    public async Task TabThatIsTakenOutOfTheFile_FailsInWords_AndTheOthersGoOn()
    {
        var both = Catalog(("users", "SELECT id AS key, updated_at, name FROM learning.users"), ("courses", "SELECT id AS key, updated_at, title AS name FROM learning.courses"));
        await using var stage = await TabStage.StartAsync(catalog: both);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        stage.Process.DieAfter(0, isDone: true);
        var id = await stage.BeginAsync();
        await stage.Process.Dead.WaitAsync(TimeSpan.FromSeconds(30));

        await stage.CrashAsync(Catalog(("courses", "SELECT id AS key, updated_at, title AS name FROM learning.courses")));
        var job = await stage.Jobs.EndAsync(id);

        Assert.Equal((JobStatus.Completed, 5), (job.Status, stage.Grid.Rows("courses").Count));
        Assert.All(await stage.Jobs.Failures.ListAsync(id, null, -1, 20, CancellationToken.None), failure => Assert.Contains("not in the file of tabs any more", failure.Message, StringComparison.Ordinal));
        Assert.True(job.Failed > 0);
    }

    [Fact]
    public async Task TimeOfATab_BeginsWithItsTurn_NotWithTheJob()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("""
            SELECT learning.make_demo(5);
            CREATE FUNCTION long_ago() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.started_at := now() - interval '1 hour'; NEW.begun_at := NEW.started_at; RETURN NEW; END $$;
            CREATE TRIGGER long_ago BEFORE UPDATE ON jobs FOR EACH ROW WHEN (NEW.started_at IS NOT NULL) EXECUTE FUNCTION long_ago()
            """);

        var job = await stage.SyncAsync();

        Assert.Equal((0L, 5), (job.Skipped, stage.Grid.Rows("users").Count));
    }

    [Fact]
    public async Task FailedRows_ThatAreTriedAgainMuchLater_HaveTheirTimeAnew()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        stage.Grid.Trouble = () => false;
        var failed = await stage.SyncAsync();
        Assert.Equal(5, failed.Failed);
        await stage.Postgres.ExecuteAsync("UPDATE jobs SET created_at = created_at - interval '1 hour', started_at = started_at - interval '1 hour', begun_at = begun_at - interval '1 hour'; UPDATE tab_syncs SET started_at = started_at - interval '1 hour'");

        stage.Grid.Trouble = () => null;
        var again = await stage.RetryAsync(failed.Id);

        Assert.Equal((0L, 0L, 5), (again.Failed, again.Skipped, stage.Grid.Rows("users").Count));
    }

    [Fact]
    public async Task RowsThatWereTouchedOnly_AreLookedAtOnce()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20)");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET updated_at = now()");

        var touched = await stage.SyncAsync();
        var quiet = await stage.SyncAsync();

        Assert.Equal((21L, 1L), (touched.Planned, quiet.Planned)); // with the end
    }

    [Fact]
    public async Task RowThatIsDatedInTheFuture_HidesNothing_AndIsWrittenOnce()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(20); UPDATE learning.users SET updated_at = now() + interval '1 day' WHERE id = 7");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'Renamed', updated_at = now() WHERE id = 8");

        var changed = await stage.SyncAsync();
        var quiet = await stage.SyncAsync();

        Assert.Equal(await stage.ExpectedAsync("users"), stage.Shown("users"));
        Assert.Equal((2L, 1L), (changed.Planned, quiet.Planned)); // with the end
        var mark = (await stage.Store.ListAsync(CancellationToken.None))["users"].Watermark;
        Assert.Equal(0, (await stage.Source.ReadLagAsync(stage.Catalog.All[0], mark, 10, CancellationToken.None)).Rows);
    }

    [Fact]
    public async Task RowThatChangesAgain_WhileItsOlderStateIsWritten_ComesWithTheNextSync()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(2)");
        await stage.SyncAsync();

        // As the pump has it when the row is planned twice, in two chunks, and waits long at the gate.
        var run = await RunAsync(stage);
        var (first, second) = (Chunk(0), Chunk(1));
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'first', updated_at = now() WHERE id = 1");
        Assert.Null((await run.PrepareAsync(first, CancellationToken.None))[0]);
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'second', updated_at = now() WHERE id = 1");
        Assert.IsType<ItemSkipped>((await run.PrepareAsync(second, CancellationToken.None))[0]);
        await using (var connection = await stage.Postgres.Database.Bulk.OpenConnectionAsync(CancellationToken.None))
        {
            var written = await run.RunAsync(first.Items[0], CancellationToken.None);
            await run.WriteAsync(connection, [new ItemResult(first.Items[0], written, DateTimeOffset.UnixEpoch)], CancellationToken.None);
        }

        Assert.Contains("first", stage.Shown("users"));
        await stage.Postgres.ExecuteAsync($"UPDATE jobs SET status = 'completed'; UPDATE tabs SET watermark_at = now(), watermark_key = '1'; UPDATE learning.users SET updated_at = now() - interval '1 day'");
        await stage.SyncAsync();
        Assert.Equal(await stage.ExpectedAsync("users"), stage.Shown("users"));
        Assert.Equal(0, await stage.Postgres.QueryAsync<long>("SELECT count(*) FROM tab_rows WHERE is_dirty OR is_changed_again"));
    }

    [Fact]
    public async Task RowThatIsPutBack_IsHeldForNobody()
    {
        await using var stage = await TabStage.StartAsync(catalog: Users("name"));
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(1)");
        await stage.SyncAsync();
        await stage.Postgres.ExecuteAsync("UPDATE learning.users SET name = 'changed', updated_at = now()");
        var run = await RunAsync(stage);
        var (first, second) = (Chunk(0), Chunk(1));

        Assert.Null((await run.PrepareAsync(first, CancellationToken.None))[0]);
        run.PutBack(first.Items[0]);

        Assert.Null((await run.PrepareAsync(second, CancellationToken.None))[0]);
    }

    /// <summary>A sync at work on the tab, without a pump.</summary>
    private static async Task<TabSyncRun> RunAsync(TabStage stage)
    {
        var job = Guid.CreateVersion7();
        await stage.Postgres.ExecuteAsync($"""
            INSERT INTO jobs (id, workload, spec, mode, max_concurrency, request_hash, created_by, status, begun_at) SELECT '{job}', workload, spec, mode, max_concurrency, '', created_by, 'running', now() FROM jobs LIMIT 1;
            UPDATE tabs SET job_id = '{job}', last_job_id = '{job}'; INSERT INTO tab_syncs (tab, job_id, started_at, is_full) VALUES ('users', '{job}', now(), false)
            """);
        return new TabSyncRun(
            new JobTicket(job, "{}", JobMode.Standard, 10), new TabSyncSpec(["users"], true), stage.Postgres.Database, stage.Catalog, stage.Source, stage.Grid,
            stage.Jobs.Services.GetRequiredService<UpstreamGates>(), new TabOptions { Delay = TimeSpan.Zero }, TimeProvider.System, pace: null);
    }

    private static Chunk Chunk(int no) => OrleansBulk.Jobs.Chunk.Read(no, no, OrleansBulk.Jobs.Chunk.Write([new ChangedRow("users", "1").Plan(null)]).Span, ".");

    private static TabCatalog Users(string columns) => TabCatalog.Parse($$"""
        {"tabs": [{"name": "users", "source": "SELECT id AS key, updated_at, name, email, country FROM learning.users", "columns": [{{string.Join(", ", columns.Split(',').Select(column => $$"""{"name": "{{column}}"}"""))}}]}]}
        """, "test.json");

    private static TabCatalog Catalog(params (string Name, string Source)[] tabs) => TabCatalog.Parse($$"""
        {"tabs": [{{string.Join(", ", tabs.Select(tab => $$"""{"name": "{{tab.Name}}", "limit": 10000, "source": "{{tab.Source}}", "columns": [{"name": "name"}]}"""))}}]}
        """, "test.json");
}
