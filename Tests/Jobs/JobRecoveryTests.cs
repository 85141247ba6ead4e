using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Jobs;

/// <summary>Take-overs, lost connections, owners that wake up late. Killed processes are in Tests/Chaos.</summary>
[Trait("Category", "Grains")]
public sealed class JobRecoveryTests
{
    [Fact]
    public async Task OwnerThatWakesUpLate_WritesNothing_AndTheNewOwnerFinishes()
    {
        await using var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, Heartbeat = TimeSpan.FromSeconds(5) });
        var asleep = new TaskCompletionSource();
        var wake = new TaskCompletionSource();
        var first = true;
        harness.Workload.Writing = async results =>
        {
            if (first && results.Any(result => result.Item.Ordinal >= 500))
            {
                first = false;
                asleep.TrySetResult();
                await wake.Task; // as if the process had been stopped before its commit
            }
        };
        var id = await harness.AcceptAsync(1500);
        await asleep.Task.WaitAsync(TimeSpan.FromSeconds(60));

        // Somebody else takes the job over, while the first owner still holds its batch. Its fence holds the job's row, so the take-over waits for it: end its session.
        await harness.Postgres.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'");
        var stolen = await harness.Ownership.TakeOverAsync(id, "somebody else", CancellationToken.None);
        wake.SetResult();
        await JobHarness.Until("the late owner has noticed", async () => (await harness.Grains.Job(id).GetProgressAsync()).InFlight == 0);

        Assert.NotNull(stolen);
        var before = await harness.LedgerAsync(id);
        Assert.Equal(before.Succeeded, (await harness.ResultsAsync(id)).Rows);
        await JobHarness.Until("the job is woken and completes", async () =>
        {
            await harness.Grains.Job(id).WakeAsync();
            return (await harness.RowAsync(id)).Status == JobStatus.Completed;
        });
        Assert.Equal(new Ledger(1500, 1500, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((1500, 1500), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task CommitWhoseAnswerWasLost_IsNotWrittenTwice()
    {
        await using var harness = await JobHarness.StartAsync();
        var blocked = new TaskCompletionSource();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await blocked.Task.WaitAsync(cancellationToken);
            return new ItemSucceeded(null);
        };
        var id = await harness.AcceptAsync(100);
        await JobHarness.Until("the job is planned", async () => (await harness.RowAsync(id)).PlanDone);
        var owned = (await harness.Ownership.TakeOverAsync(id, "tester", CancellationToken.None))!;
        var chunks = new ChunkStore(harness.Services.GetRequiredService<Database>(), id, owned.Row.Epoch, owned.Row.CommitNo);
        var chunk = Assert.Single(await chunks.ClaimAsync(-1, [], 8, CancellationToken.None));
        var batch = CommitBatch.Of([.. chunk.Items.Take(40).Select(item => new ItemResult(item, new ItemSucceeded("done"), DateTimeOffset.UnixEpoch))], CallCost.None);
        var work = harness.Workload.Start(new JobTicket(id, owned.Spec, owned.Row.Mode, 1));

        var again = new ChunkStore(harness.Services.GetRequiredService<Database>(), id, owned.Row.Epoch, owned.Row.CommitNo);
        await chunks.CommitAsync(batch, work, CancellationToken.None);
        await again.CommitAsync(batch, work, CancellationToken.None); // what a retry does that never heard of the first

        Assert.Equal((40, 40), await harness.ResultsAsync(id));
        Assert.Equal(new Ledger(100, 40, 0, 0, 0, 60, Balanced: true), await harness.LedgerAsync(id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ATransactionInDoubt_IsWaitedFor_BeforeItIsReadWhereTheJobStands(bool merges)
    {
        await using var harness = await JobHarness.StartAsync();
        var id = await StoredAsync(harness, "now()");
        var owned = (await harness.Ownership.TakeOverAsync(id, "tester", CancellationToken.None))!;
        var chunks = new ChunkStore(harness.Services.GetRequiredService<Database>(), id, owned.Row.Epoch, owned.Row.CommitNo);

        // What the server still does for a client whose connection broke while it waited for the COMMIT.
        await using var inDoubt = await harness.Postgres.OpenAsync();
        await using var transaction = await inDoubt.BeginTransactionAsync();
        await using (var store = new NpgsqlCommand("UPDATE jobs SET next_chunk = 2, planned = 1000, plan_cursor = '999', commit_no = commit_no + 1, succeeded = 7 WHERE id = $1", inDoubt) { Parameters = { new() { Value = id } } })
        {
            await store.ExecuteNonQueryAsync();
        }

        var reading = merges ? MergesAsync() : PlanAsync();
        await JobHarness.Until("the reader waits, or has not waited", async () =>
            reading.IsCompleted || await harness.Postgres.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"));
        await transaction.CommitAsync();

        Assert.Equal(merges ? "commit 1: 7" : "999: 1000", await reading);

        async Task<string> PlanAsync() => await chunks.ReadPlanStateAsync(CancellationToken.None) is var (cursor, planned) ? $"{cursor}: {planned}" : "";

        async Task<string> MergesAsync() => await chunks.ReadMergeStateAsync(CancellationToken.None) is var state ? $"commit {state.CommitNo - owned.Row.CommitNo}: {state.Succeeded}" : "";
    }

    [Fact]
    public async Task CommitUnderAnOldEpoch_IsRefusedWhole()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (_, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith<ItemOutcome>(_ => new ItemSucceeded(null), TaskScheduler.Default);
        var id = await harness.AcceptAsync(10);
        await JobHarness.Until("the job is planned", async () => (await harness.RowAsync(id)).PlanDone);
        var old = (await harness.Ownership.TakeOverAsync(id, "old", CancellationToken.None))!;
        var chunks = new ChunkStore(harness.Services.GetRequiredService<Database>(), id, old.Row.Epoch, old.Row.CommitNo);
        var chunk = Assert.Single(await chunks.ClaimAsync(-1, [], 8, CancellationToken.None));
        await harness.Ownership.TakeOverAsync(id, "new", CancellationToken.None);

        var batch = CommitBatch.Of([new ItemResult(chunk.Items[0], new ItemSucceeded("done"), DateTimeOffset.UnixEpoch)], CallCost.None);
        var fenced = await Assert.ThrowsAsync<EpochFencedException>(() => chunks.CommitAsync(batch, harness.Workload.Start(new JobTicket(id, old.Spec, old.Row.Mode, 1)), CancellationToken.None));

        Assert.Contains("no longer owned", fenced.Message);
        Assert.Equal((0, 0), await harness.ResultsAsync(id));
        Assert.Equal(10, (await harness.LedgerAsync(id)).Pending);
        await Assert.ThrowsAsync<EpochFencedException>(() => chunks.PlanAsync([new PlannedItem("late", null, "late")], CancellationToken.None));
        Assert.Null(await chunks.BeatAsync(CancellationToken.None));
    }

    [Fact]
    public async Task PlanThatBreaksInTheMiddle_GoesOnWhereItsChunksEnd()
    {
        await using var harness = await JobHarness.StartAsync();
        var breaks = new Queue<long>([1500, 9000, 16_000]);
        harness.Workload.Planning = number =>
        {
            if (breaks.TryPeek(out var at) && number == at)
            {
                breaks.Dequeue();
                throw new NpgsqlException("the connection is gone");
            }
        };

        var id = await harness.AcceptAsync(25_000);
        await harness.EndAsync(id);

        Assert.Empty(breaks);
        Assert.Equal(new Ledger(25_000, 25_000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((25_000, 25_000), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task DatabaseThatBreaksDuringCommits_CostsNoItemAndNoRepetition()
    {
        await using var harness = await JobHarness.StartAsync();
        var commits = 0;
        harness.Workload.Writing = _ => Interlocked.Increment(ref commits) % 3 == 1 ? throw new NpgsqlException("the connection is gone") : Task.CompletedTask;

        var id = await harness.AcceptAsync(4000);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(4000, 4000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((4000, 4000), await harness.ResultsAsync(id));
        Assert.All(harness.Workload.Runs.Values, runs => Assert.Equal(1, runs));
    }

    [Fact]
    public async Task EverySessionKilledOnTheServer_TheJobGoesOn()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(5, cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(4000, concurrency: 20);
        for (var round = 1; round <= 4; round++)
        {
            await JobHarness.Until($"another part is done ({round})", async () =>
            {
                try
                {
                    return (await harness.RowAsync(id)).Succeeded >= round * 500;
                }
                catch (NpgsqlException)
                {
                    return false; // this look was killed as well
                }
            });
            await harness.Postgres.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        }

        NpgsqlConnection.ClearAllPools();
        await JobHarness.Until("the job has ended", async () =>
        {
            try
            {
                return (await harness.RowAsync(id)).Status.IsFinal();
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });
        Assert.Equal(new Ledger(4000, 4000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((4000, 4000), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task ACompletionWhoseAnswerWasLost_IsACompletion()
    {
        await using var harness = await JobHarness.StartAsync();
        var id = await harness.AcceptAsync(5);
        var epoch = (await harness.EndAsync(id)).Epoch;

        Assert.Equal(0, await harness.Ownership.CompleteAsync(id, epoch, CancellationToken.None));
        Assert.Null(await harness.Ownership.CompleteAsync(id, epoch - 1, CancellationToken.None));
    }

    [Fact]
    public async Task StopWhileTheJobIsBeingCompleted_IsNoFailure()
    {
        var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, Patience = TimeSpan.FromMilliseconds(100), Heartbeat = TimeSpan.FromSeconds(5) });
        await using var postgres = harness.Postgres;
        using var locked = new ManualResetEventSlim();
        harness.Workload.Committed = _ => Assert.True(locked.Wait(TimeSpan.FromSeconds(30)));
        var id = await harness.AcceptAsync(1);
        await JobHarness.Until("the item is committed", async () => (await harness.RowAsync(id)) is { PlanDone: true, Succeeded: 1 });
        await using var holder = await postgres.OpenAsync();
        await using var transaction = await holder.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand("SELECT FROM jobs FOR UPDATE", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }

        const string Completing = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%LockJob%')";
        locked.Set();
        await JobHarness.Until("the pump completes the job", () => postgres.QueryAsync<bool>(Completing));
        var stopping = harness.StopAsync();
        await JobHarness.Until("it is given up", async () => !await postgres.QueryAsync<bool>(Completing));
        await transaction.RollbackAsync();
        await stopping;

        Assert.Equal("running", await postgres.QueryAsync<string>("SELECT status FROM jobs WHERE id = $1", id));
    }

    [Theory]
    [InlineData("paused")]
    [InlineData("failed: no key")]
    public async Task AChangeAndItsLineInTheLog_AreBothDone_OrNeither(string line)
    {
        await using var harness = await JobHarness.StartAsync();
        var id = await StoredAsync(harness, "now()");
        await harness.Postgres.ExecuteAsync($"ALTER TABLE job_log ADD CONSTRAINT not_this CHECK (message <> '{line}')");

        await Assert.ThrowsAsync<PostgresException>(() => line == "paused"
            ? harness.Ownership.PauseAsync(id, CancellationToken.None)
            : harness.Ownership.FailAsync(id, 0, "no key", CancellationToken.None));
        Assert.Equal(JobStatus.Running, (await harness.RowAsync(id)).Status);

        await harness.Postgres.ExecuteAsync("ALTER TABLE job_log DROP CONSTRAINT not_this");
        Assert.True(await (line == "paused" ? harness.Ownership.PauseAsync(id, CancellationToken.None) : harness.Ownership.FailAsync(id, 0, "no key", CancellationToken.None)));
        Assert.Equal(line, (await harness.Jobs.ReadLogAsync(id, 1, CancellationToken.None))[0].Message);
    }

    [Fact]
    public async Task Supervisor_WakesJobsWhoseOwnerIsSilent_AndNoOthers()
    {
        await using var harness = await JobHarness.StartAsync();
        var orphan = await StoredAsync(harness, "now() - interval '1 minute'");
        var alive = await StoredAsync(harness, "now()");
        var supervisor = new JobSupervisor(harness.Ownership, harness.Grains, new JobOptions(), new SiloIdentity("test", OwnsCluster: false), TimeProvider.System, NullLogger<JobSupervisor>.Instance);

        Assert.Equal(1, await supervisor.RunOnceAsync(CancellationToken.None));

        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(orphan)).Status);
        Assert.Equal(JobStatus.Running, (await harness.RowAsync(alive)).Status);
    }

    [Fact]
    public async Task Supervisor_OfTheOnlyProcess_AdoptsAtItsStartWhateverTheHeartbeatSays()
    {
        await using var harness = await JobHarness.StartAsync();
        var job = await StoredAsync(harness, "now()");
        var supervisor = new JobSupervisor(harness.Ownership, harness.Grains, new JobOptions(), new SiloIdentity("test", OwnsCluster: true), TimeProvider.System, NullLogger<JobSupervisor>.Instance);

        Assert.Equal(1, await supervisor.RunOnceAsync(CancellationToken.None));

        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(job)).Status);
    }

    [Fact]
    public async Task Retention_DropsChunks_AndTheLedgerStays()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal < 3 ? new ItemFailed("teapot", "empty", 1) : new ItemSucceeded("done"));
        var id = await harness.AcceptAsync(700);
        await harness.EndAsync(id);
        await harness.Postgres.ExecuteAsync("UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = $1", id);
        var retention = Retention(harness);

        Assert.Equal(1, await retention.RunOnceAsync(CancellationToken.None));
        Assert.Equal(0, await retention.RunOnceAsync(CancellationToken.None));

        Assert.Equal(0, await harness.Postgres.QueryAsync<long>("SELECT count(*) FROM chunks WHERE job_id = $1", id));
        Assert.Equal(new Ledger(700, 697, 3, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal(3, (await harness.Failures.ListAsync(id, null, -1, 10, CancellationToken.None)).Count);
        Assert.Contains("dropped", Assert.IsType<CommandForbidden>(await harness.Grains.Job(id).RetryFailedAsync(new RetryFailed(null))).Reason);
    }

    [Fact]
    public async Task Retention_OfAFailedJob_ComesWhenItsTimeIsOver_AndCancelsWhatIsPending()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(item.Ordinal switch { 3 => new ItemFailed("teapot", "empty", 1), >= 500 => new ItemRefused("no key"), _ => new ItemSucceeded("done") });
        var id = await harness.AcceptAsync(700, concurrency: 1);
        Assert.Equal(JobStatus.Failed, (await harness.EndAsync(id)).Status);
        var retention = Retention(harness);

        Assert.Equal(0, await retention.RunOnceAsync(CancellationToken.None));
        await harness.Postgres.ExecuteAsync("UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = $1", id);
        Assert.Equal(1, await retention.RunOnceAsync(CancellationToken.None));

        Assert.Equal(0, await harness.Postgres.QueryAsync<long>("SELECT count(*) FROM chunks WHERE job_id = $1", id));
        Assert.Equal(new Ledger(700, 499, 1, 0, 200, 0, Balanced: true), await harness.LedgerAsync(id));
        var row = await harness.RowAsync(id);
        Assert.Equal((JobStatus.Cancelled, "no key"), (row.Status, row.Error));
        Assert.Contains("nobody resumed it", (await harness.Jobs.ReadLogAsync(id, 1, CancellationToken.None))[0].Message);
        var job = harness.Grains.Job(id);
        foreach (var reply in new[] { await job.ResumeAsync(), await job.RetryFailedAsync(new RetryFailed(null)), await job.CancelAsync() })
        {
            Assert.Contains("dropped", Assert.IsType<CommandForbidden>(reply).Reason);
        }

        Assert.Single(await harness.Failures.ListAsync(id, null, -1, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Retention_IsNotHeldUp_ByAJobThatCannotBeTidied()
    {
        await using var harness = await JobHarness.StartAsync();
        var (stuck, other) = (await harness.AcceptAsync(5), await harness.AcceptAsync(5));
        await harness.EndAsync(stuck);
        await harness.EndAsync(other);
        await harness.Postgres.ExecuteAsync("UPDATE jobs SET finished_at = now() - interval '31 days'");
        await harness.Postgres.ExecuteAsync("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'It takes too long.'; END $$");
        await harness.Postgres.ExecuteAsync($"CREATE TRIGGER refuse BEFORE DELETE ON chunks FOR EACH ROW WHEN (OLD.job_id = '{stuck}') EXECUTE FUNCTION refuse()");
        var retention = Retention(harness);

        await Assert.ThrowsAsync<PostgresException>(() => retention.RunOnceAsync(CancellationToken.None));
        Assert.Equal(1, await retention.RunOnceAsync(CancellationToken.None));
        Assert.NotNull((await harness.RowAsync(other)).ChunksDroppedAt);

        await harness.Postgres.ExecuteAsync("DROP TRIGGER refuse ON chunks");
        Assert.Equal(1, await retention.RunOnceAsync(CancellationToken.None));
        Assert.NotNull((await harness.RowAsync(stuck)).ChunksDroppedAt);
    }

    private static JobRetention Retention(JobHarness harness) =>
        new(harness.Services.GetRequiredService<Database>(), new JobOptions(), TimeProvider.System, NullLogger<JobRetention>.Instance);

    /// <summary>A planned job of 20 items that says it is running somewhere else.</summary>
    private static async Task<Guid> StoredAsync(JobHarness harness, string heartbeat)
    {
        var id = Guid.CreateVersion7();
        await harness.Jobs.AcceptAsync(new NewJob(id, TestWorkload.WorkloadName, new SpecAccepted(TestWorkload.Spec(20).GetRawText()), JobMode.Standard, 10, null, "hash", "tester"), CancellationToken.None);
        await harness.Postgres.ExecuteAsync($"UPDATE jobs SET status = 'running', owner = 'elsewhere', heartbeat = {heartbeat} WHERE id = $1", id);
        return id;
    }
}
