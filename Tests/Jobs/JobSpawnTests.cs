using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>Items that bring up further items: when they are done, and while they still run.</summary>
[Trait("Category", "Grains")]
public sealed class JobSpawnTests
{
    [Fact]
    public async Task SpawnedItems_StartWhileTheirParentStillRuns()
    {
        await using var harness = await JobHarness.StartAsync();
        var childRan = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Key != "0")
            {
                childRan.TrySetResult();
                return new ItemSucceeded("done");
            }

            await harness.Workload.Ticket!.AdvanceAsync(item, new ItemAdvanced(null, [new PlannedItem("child", null, null)]), cancellationToken);
            await childRan.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            return new ItemSucceeded("done");
        };

        var id = await harness.AcceptAsync(1);
        var job = await harness.EndAsync(id);

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(new Ledger(2, 2, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task APart_IsCommittedWhenItsHandOverReturns_AndSurvivesItsItemsFailure()
    {
        await using var harness = await JobHarness.StartAsync();
        var seen = -1L;
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Key != "0")
            {
                return new ItemSucceeded("done");
            }

            await harness.Workload.Ticket!.AdvanceAsync(item, new ItemAdvanced(null, [.. Enumerable.Range(1, 3).Select(number => new PlannedItem($"child {number}", null, null))]), cancellationToken);
            seen = await harness.Postgres.QueryAsync<long>("SELECT planned FROM jobs WHERE id = $1", harness.Workload.Ticket.Id);
            return new ItemFailed("broke", "after the first part", 1);
        };

        var id = await harness.AcceptAsync(1);
        await harness.EndAsync(id);

        Assert.Equal(4, seen);
        Assert.Equal(new Ledger(4, 3, 1, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task SpawnedItems_CountOnce_WhenThePlansEndIsHeardOfBeforeTheirCommit()
    {
        var patience = TimeSpan.FromSeconds(30);
        await using var harness = await JobHarness.StartAsync();
        using var spawned = new ManualResetEventSlim();
        using var planned = new ManualResetEventSlim();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done", item.Key == "0" ? [new PlannedItem("child", null, null)] : null));
        harness.Workload.Planning = number => Assert.True(number < 1000 || spawned.Wait(patience)); // the first thousand are stored before
        harness.Workload.Committed = _ =>
        {
            spawned.Set();
            Assert.True(planned.Wait(patience));
        };
        var id = await harness.AcceptAsync(1001);

        await JobHarness.Until("the pump has heard of the plan's end", async () => (await harness.Grains.Job(id).GetProgressAsync()).Status == JobStatus.Running);
        planned.Set();
        var last = default(JobEvent);
        await foreach (var happened in harness.Grains.Job(id).WatchAsync(CancellationToken.None))
        {
            Assert.Equal(1002, (last = happened) switch { JobAdvanced advanced => advanced.Progress.Planned, JobEnded ended => ended.Progress.Planned, _ => 0 });
        }

        Assert.IsType<JobEnded>(last);
        Assert.Equal(new Ledger(1002, 1002, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task PartsOfManyItemsAtOnce_AllArrive()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Ordinal < 50)
            {
                for (var part = 0; part < 4; part++)
                {
                    await harness.Workload.Ticket!.AdvanceAsync(item, new ItemAdvanced(null, [new PlannedItem($"{item.Key}/{part}", null, null)]), cancellationToken);
                }
            }

            return new ItemSucceeded("done");
        };

        var id = await harness.AcceptAsync(50);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(250, 250, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((250, 250), await harness.ResultsAsync(id));
        Assert.All(harness.Workload.Runs.Values, runs => Assert.Equal(1, runs));
    }

    [Fact]
    public async Task APart_WhoseJobIsTakenAway_IsNotCommitted_AndItsItemIsToldSo()
    {
        await using var harness = await JobHarness.StartAsync();
        var told = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = true;
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (!first)
            {
                return new ItemSucceeded("done");
            }

            first = false;
            await harness.Postgres.ExecuteAsync("UPDATE jobs SET epoch = epoch + 1 WHERE id = $1", harness.Workload.Ticket!.Id);
            told.SetResult(await Record.ExceptionAsync(() => harness.Workload.Ticket.AdvanceAsync(item, new ItemAdvanced(null, [new PlannedItem("lost", null, null)]), cancellationToken)));
            return new ItemSucceeded("done");
        };

        var id = await harness.AcceptAsync(1);

        Assert.IsAssignableFrom<OperationCanceledException>(await told.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, await harness.Postgres.QueryAsync<long>("SELECT planned FROM jobs WHERE id = $1", id));
    }
}
