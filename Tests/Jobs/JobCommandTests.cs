using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>Pause, resume, cancel, retry: what each does in each state.</summary>
[Trait("Category", "Grains")]
public sealed class JobCommandTests
{
    [Fact]
    public async Task PausedJob_ClaimsNothingMore_KeepsWhatWasInFlight_AndGoesOnWhenResumed()
    {
        await using var harness = await JobHarness.StartAsync();
        var gate = new SemaphoreSlim(0);
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(2000, concurrency: 10);
        await JobHarness.Until("ten items are in flight", () => harness.Workload.Runs.Count == 10);

        var reply = await harness.Grains.Job(id).PauseAsync();
        gate.Release(10);
        await JobHarness.Until("the ten are committed", async () => (await harness.RowAsync(id)).Succeeded == 10);

        Assert.Equal(JobStatus.Paused, Assert.IsType<CommandTaken>(reply).Status);
        Assert.Equal(10, harness.Workload.Runs.Count);
        Assert.Equal(JobStatus.Paused, (await harness.RowAsync(id)).Status);

        gate.Release(5000);
        Assert.IsType<CommandTaken>(await harness.Grains.Job(id).ResumeAsync());
        await harness.EndAsync(id);
        Assert.Equal(new Ledger(2000, 2000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.All(harness.Workload.Runs.Values, runs => Assert.Equal(1, runs));
    }

    [Fact]
    public async Task APauseThatOnlyTheRowKnows_StopsThePump()
    {
        await using var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, Heartbeat = TimeSpan.FromMilliseconds(50) });
        var gate = new SemaphoreSlim(0);
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(200, concurrency: 10);
        await JobHarness.Until("ten items are in flight", async () => harness.Workload.Runs.Count == 10 && (await harness.RowAsync(id)).Status == JobStatus.Running);

        await harness.Postgres.ExecuteAsync("UPDATE jobs SET status = 'paused' WHERE id = $1", id); // the command broke off right behind this
        await JobHarness.Until("the pump has noticed", async () => (await harness.Grains.Job(id).GetProgressAsync()).Status == JobStatus.Paused);
        gate.Release(200);
        await JobHarness.Until("the ten are committed", async () => (await harness.RowAsync(id)).Succeeded == 10);

        Assert.IsType<CommandTaken>(await harness.Grains.Job(id).ResumeAsync());
        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(id)).Status);
        Assert.All(harness.Workload.Runs.Values, runs => Assert.Equal(1, runs));
    }

    [Fact]
    public async Task AClaimUnderWay_EndsWithItsPump_AndNotBesideTheNextOne()
    {
        await using var harness = await JobHarness.StartAsync();
        var claims = 0;
        var atOnce = 0;
        var mostAtOnce = 0;
        harness.Workload.Preparing = async cancellationToken =>
        {
            mostAtOnce = Math.Max(mostAtOnce, Interlocked.Increment(ref atOnce));
            try
            {
                await Task.Delay(Interlocked.Increment(ref claims) == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref atOnce);
            }
        };
        var id = await harness.AcceptAsync(20);
        await JobHarness.Until("its chunk is claimed, and nothing is in flight", () => Volatile.Read(ref claims) == 1);

        await harness.Grains.Job(id).PauseAsync();
        await harness.Grains.Job(id).ResumeAsync();
        await harness.EndAsync(id);

        Assert.Equal((2, 1), (claims, mostAtOnce));
        Assert.Equal((20, 20), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task CancelledJob_ClaimsNoFurtherChunks_AndWhatWasPendingIsCancelled()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Ordinal >= 700)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(3000, concurrency: 10);
        await JobHarness.Until("700 items are done and ten are in flight", async () => (await harness.RowAsync(id)).Succeeded == 700 && harness.Workload.Runs.Count == 710);

        Assert.Equal(JobStatus.Cancelled, Assert.IsType<CommandTaken>(await harness.Grains.Job(id).CancelAsync()).Status);

        Assert.Equal(new Ledger(3000, 700, 0, 0, 2300, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((700, 700), await harness.ResultsAsync(id));
        Assert.Equal(710, harness.Workload.Runs.Count);
    }

    [Fact]
    public async Task BackgroundJob_ThatIsStopped_CommitsWhatItKnows_WhoeverHasTheTurn()
    {
        await using var harness = await JobHarness.StartAsync(workload: new TestWorkload { IsBackground = true });
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await release.Task.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(30, concurrency: 10);
        await JobHarness.Until("ten items are in flight", () => harness.Workload.Runs.Count == 10);
        harness.Services.GetRequiredService<ForegroundGuard>().Asked(); // from now on the job's commits wait for turns, and this is somebody else's
        using var turn = await harness.Services.GetRequiredService<BackgroundPace>().EnterAsync(CancellationToken.None);

        var cancelling = harness.Grains.Job(id).CancelAsync();
        release.SetResult();
        await cancelling;

        var ledger = await harness.LedgerAsync(id);
        Assert.Equal((harness.Workload.Runs.Count, 30 - harness.Workload.Runs.Count, true), (ledger.Succeeded, ledger.Cancelled, ledger.Balanced));
    }

    [Fact]
    public async Task RetryFailed_OfOneCause_RunsThoseAndNoOthers()
    {
        await using var harness = await JobHarness.StartAsync();
        var broken = true;
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(
            item.Ordinal % 5 == 0 && broken ? new ItemFailed("kettle", "cold", 1)
            : item.Ordinal % 5 == 1 && broken ? new ItemFailed("teapot", "empty", 1)
            : new ItemSucceeded("done"));
        var id = await harness.AcceptAsync(1000);
        await harness.EndAsync(id);
        harness.Workload.Runs.Clear();
        broken = false;

        var reply = Assert.IsType<CommandTaken>(await harness.Grains.Job(id).RetryFailedAsync(new RetryFailed("kettle")));
        await harness.EndAsync(id);

        Assert.Equal(200, reply.Items);
        Assert.Equal(200, harness.Workload.Runs.Count);
        Assert.All(harness.Workload.Runs.Keys, key => Assert.Equal(0, long.Parse(key) % 5));
        Assert.Equal(new Ledger(1000, 800, 200, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal([("teapot", 200L)], (await harness.Failures.ReadCausesAsync(id, 10, CancellationToken.None)).Select(cause => (cause.Cause, cause.Count)));

        Assert.Equal(200, Assert.IsType<CommandTaken>(await harness.Grains.Job(id).RetryFailedAsync(new RetryFailed(null))).Items);
        await harness.EndAsync(id);
        Assert.Equal(new Ledger(1000, 1000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((1000, 1000), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task RetryFailed_WhileTheJobRuns_LosesNothing()
    {
        await using var harness = await JobHarness.StartAsync();
        var failing = true;
        var gate = new SemaphoreSlim(0);
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Ordinal < 100)
            {
                return failing ? new ItemFailed("early", "too early", 1) : new ItemSucceeded("done");
            }

            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(500, concurrency: 20);
        await JobHarness.Until("100 items have failed", async () => (await harness.RowAsync(id)).Failed == 100);
        failing = false;

        gate.Release(20); // those in flight may finish, so that the command need not give them up
        Assert.Equal(100, Assert.IsType<CommandTaken>(await harness.Grains.Job(id).RetryFailedAsync(new RetryFailed("early"))).Items);
        gate.Release(1000);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(500, 500, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((500, 500), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task ResumeOfARunningJob_IsRefused_AndLeavesItRunning()
    {
        await using var harness = await JobHarness.StartAsync();
        var gate = new SemaphoreSlim(0);
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await gate.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(50, concurrency: 5);
        await JobHarness.Until("five items are in flight", async () => harness.Workload.Runs.Count == 5 && (await harness.RowAsync(id)).Status == JobStatus.Running);

        Assert.Contains("running", Assert.IsType<CommandForbidden>(await harness.Grains.Job(id).ResumeAsync()).Reason);
        gate.Release(50);

        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(id)).Status);
        Assert.Equal(1, (await harness.RowAsync(id)).Epoch);
    }

    [Fact]
    public async Task Commands_ThatTheStateForbids_AreRefusedInWords_AndChangeNothing()
    {
        await using var harness = await JobHarness.StartAsync();
        var id = await harness.AcceptAsync(10);
        await harness.EndAsync(id);
        var job = harness.Grains.Job(id);

        Assert.Contains("completed", Assert.IsType<CommandForbidden>(await job.PauseAsync()).Reason);
        Assert.IsType<CommandForbidden>(await job.ResumeAsync());
        Assert.IsType<CommandForbidden>(await job.CancelAsync());
        Assert.Contains("no failed items", Assert.IsType<CommandForbidden>(await job.RetryFailedAsync(new RetryFailed(null))).Reason);
        Assert.IsType<JobUnknown>(await harness.Grains.Job(Guid.NewGuid()).PauseAsync());
        await Assert.ThrowsAsync<JobNotFoundException>(() => harness.Grains.Job(Guid.NewGuid()).GetProgressAsync());
        Assert.Equal(JobStatus.Completed, (await harness.RowAsync(id)).Status);
    }

    [Fact]
    public async Task CommandsFromManyAtOnce_LeaveABalancedLedger()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(1, cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(3000, concurrency: 20);
        var random = new Random(7);
        for (var round = 0; round < 6; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => random.Next(2) == 0 ? harness.Grains.Job(id).PauseAsync() : harness.Grains.Job(id).ResumeAsync()));
        }

        await harness.Grains.Job(id).ResumeAsync();
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(3000, 3000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((3000, 3000), await harness.ResultsAsync(id));
    }
}
