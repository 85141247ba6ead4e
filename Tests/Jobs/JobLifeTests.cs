using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Jobs;

/// <summary>The life of a job from acceptance to its end, on a real database and real grains.</summary>
[Trait("Category", "Grains")]
public sealed class JobLifeTests
{
    [Fact]
    public async Task Job_CompletesWithOneOutcomeAndOneResultForEachItem()
    {
        await using var harness = await JobHarness.StartAsync();

        var id = await harness.AcceptAsync(3210);
        var job = await harness.EndAsync(id);

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(new Ledger(3210, 3210, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((3210, 3210), await harness.ResultsAsync(id));
        Assert.All(harness.Workload.Runs.Values, runs => Assert.Equal(1, runs));
        Assert.NotNull(job.StartedAt);
        Assert.NotNull(job.FinishedAt);
    }

    [Fact]
    public async Task Job_OfNoItems_Completes()
    {
        await using var harness = await JobHarness.StartAsync();

        var id = await harness.AcceptAsync(0);

        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(id)).Status);
        Assert.Equal(new Ledger(0, 0, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task FailedItems_FoldByCause_AndDoNotStopTheJob()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>((item.Ordinal % 10) switch
        {
            0 => new ItemFailed("teapot", $"item {item.Key} is a teapot", 1),
            1 => new ItemFailed("kettle", $"item {item.Key} is a kettle", 3),
            2 => new ItemSkipped("too late"),
            _ => new ItemSucceeded("done"),
        });

        var id = await harness.AcceptAsync(1000);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(1000, 700, 200, 100, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        var causes = await harness.Failures.ReadCausesAsync(id, 10, CancellationToken.None);
        Assert.Equal([("kettle", 100), ("teapot", 100)], causes.Select(cause => (cause.Cause, cause.Count)).Order());
        var kettles = await harness.Failures.ListAsync(id, "kettle", after: 1, 2, CancellationToken.None);
        Assert.Equal([11L, 21L], kettles.Select(failure => failure.Ordinal));
        Assert.Equal(("11", "item 11 is a kettle", 3), (kettles[0].Key, kettles[0].Message, kettles[0].Attempts));
        Assert.Equal([new SkipReason("too late", 100)], await harness.Failures.ReadSkipsAsync(id, CancellationToken.None));
    }

    [Fact]
    public async Task ItemThatThrows_FailsAlone()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => item.Key == "7" ? throw new FormatException("seven") : Task.FromResult<ItemOutcome>(new ItemSucceeded(null));

        var id = await harness.AcceptAsync(20);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(20, 19, 1, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        var failure = Assert.Single(await harness.Failures.ListAsync(id, null, -1, 10, CancellationToken.None));
        Assert.Equal(("internal error: FormatException", "seven"), (failure.Cause, failure.Message));
    }

    [Fact]
    public async Task PreparedItems_AreSettledWithoutRunning()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Prepare = item => item.Ordinal % 2 == 0 ? new ItemSkipped("fresh already") : null;

        var id = await harness.AcceptAsync(1200);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(1200, 600, 0, 600, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal(600, harness.Workload.Runs.Count);
    }

    [Fact]
    public async Task SpawnedItems_JoinTheJob_GenerationAfterGeneration()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(new ItemSucceeded("done", item.Key.Count(character => character == '/') < 2
            ? [new PlannedItem(item.Key + "/a", null, null), new PlannedItem(item.Key + "/b", "{\"x\":1}", null)]
            : null));

        var id = await harness.AcceptAsync(300);
        await harness.EndAsync(id);

        Assert.Equal(new Ledger(2100, 2100, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id)); // 300 × (1 + 2 + 4)
        Assert.Equal((2100, 2100), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task Concurrency_IsNeverExceeded()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(2, cancellationToken);
            return new ItemSucceeded(null);
        };

        var id = await harness.AcceptAsync(400, concurrency: 7);
        await harness.EndAsync(id);

        Assert.Equal(7, harness.Workload.MostAtOnce);
    }

    [Fact]
    public async Task DeferredItem_IsAskedAgain_AndKeepsItsAttempts()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(harness.Workload.Runs[item.Key] switch
        {
            1 => new ItemDeferred(TimeSpan.FromMilliseconds(10), "gate closed", item.Attempts),
            2 => new ItemDeferred(TimeSpan.Zero, "time-out", item.Attempts + 1) { Cost = CallCost.None with { Calls = 1 } },
            _ => new ItemFailed("gave up", "enough", item.Attempts + 1) { Cost = CallCost.None with { Calls = 1 } },
        });

        var id = await harness.AcceptAsync(5);
        var job = await harness.EndAsync(id);

        var failures = await harness.Failures.ListAsync(id, null, -1, 10, CancellationToken.None);
        Assert.Equal(5, failures.Count);
        Assert.All(failures, failure => Assert.Equal(2, failure.Attempts)); // the wait at the gate was none
        Assert.Equal((10, 5), (job.CallsMade, job.Retries));
    }

    [Fact]
    public async Task SlowLane_DoesNotHoldUpTheFastOne()
    {
        var release = new TaskCompletionSource();
        await using var harness = await JobHarness.StartAsync(new JobOptions { MaxOpenItems = 1000, CommitLinger = TimeSpan.Zero });
        harness.Workload.Room = lane => new LaneRoom(1, lane == "slow" ? 2 : 50, null, null);

        // Slow ones come first, mixed with a few fast ones, and many more than memory holds; most of the fast ones come last.
        harness.Workload.Lane = key => long.Parse(key) % 10 == 9 || long.Parse(key) >= 4000 ? "fast" : "slow";
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (harness.Workload.Lane(item.Key) == "slow")
            {
                await release.Task.WaitAsync(cancellationToken);
            }

            return new ItemSucceeded(null);
        };
        var id = await harness.AcceptAsync(5000);
        await JobHarness.Until("all 1,400 fast items are done while the slow ones stand", async () => (await harness.RowAsync(id)).Succeeded == 1400);

        release.SetResult();
        await harness.EndAsync(id);
        Assert.Equal(new Ledger(5000, 5000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task ItemsThatWaitForOthersOfTheirJob_DoNotKeepThemOutOfTheNextPass()
    {
        await using var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, MaxOpenItems = 1000 });
        var isLastThere = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var done = 0;
        harness.Workload.Lane = key => key switch { "0" => "small", "2999" => "end", _ => "big" };
        harness.Workload.Room = _ => new LaneRoom(1, 2, null, null);
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Key == "2999")
            {
                isLastThere.TrySetResult(); // the big lane's items were put back to make room for this one
                return Volatile.Read(ref done) == 2999 ? new ItemSucceeded("done") : new ItemDeferred(TimeSpan.FromMilliseconds(20), "waits for all others", item.Attempts) { ForOthers = true };
            }

            if (item.Key != "0")
            {
                await isLastThere.Task.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
            }

            Interlocked.Increment(ref done);
            return new ItemSucceeded("done");
        };

        var id = await harness.AcceptAsync(3000);
        var job = await harness.EndAsync(id);

        Assert.Equal(JobStatus.Completed, job.Status);
        Assert.Equal(new Ledger(3000, 3000, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.All(harness.Workload.Runs.Where(ran => ran.Key != "2999"), ran => Assert.Equal(1, ran.Value));
    }

    [Theory]
    [InlineData(1, 13)] // ten calls, and three that stand in line for the next one
    [InlineData(2, 10)] // no lane's gate knows the calls of the other, so nobody stands in line
    public async Task ItemsInLine_ComeOnTopOfTheJobsCalls_WhereOneGateCountsThem(int lanes, int mostAtOnce)
    {
        var release = new TaskCompletionSource();
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Room = _ => new LaneRoom(1, 50, null, null, InLine: 3);
        harness.Workload.Lane = key => $"lane {long.Parse(key) % lanes}";
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await release.Task.WaitAsync(cancellationToken);
            return new ItemSucceeded(null);
        };

        var id = await harness.AcceptAsync(100, concurrency: 10);
        await JobHarness.Until("as many are out as may be", () => Task.FromResult(harness.Workload.MostAtOnce == mostAtOnce));
        await JobHarness.Until("ten are said to be in flight", async () => (await harness.Grains.Job(id).GetProgressAsync()).InFlight == 10);
        release.SetResult();
        await harness.EndAsync(id);

        Assert.Equal(mostAtOnce, harness.Workload.MostAtOnce);
        Assert.Equal(new Ledger(100, 100, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
    }

    [Fact]
    public async Task RefusedLane_LeavesTheOthersAlone_ThenFailsTheJob_WhichCanBeResumed()
    {
        await using var harness = await JobHarness.StartAsync();
        var refused = true;
        harness.Workload.Lane = key => long.Parse(key) % 2 == 0 ? "good" : "bad";
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(refused && item.Ordinal % 2 == 1 ? new ItemRefused("bad: key refused (401). Set its token.") : new ItemSucceeded("done"));

        var id = await harness.AcceptAsync(1500);
        var failed = await harness.EndAsync(id);

        Assert.Equal((JobStatus.Failed, "bad: key refused (401). Set its token."), (failed.Status, failed.Error));
        Assert.Equal(new Ledger(1500, 750, 0, 0, 0, 750, Balanced: true), await harness.LedgerAsync(id));

        refused = false;
        Assert.IsType<CommandTaken>(await harness.Grains.Job(id).ResumeAsync());
        await harness.EndAsync(id);
        Assert.Equal(new Ledger(1500, 1500, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(id));
        Assert.Equal((1500, 1500), await harness.ResultsAsync(id));
    }

    [Fact]
    public async Task GarbledAnswersInARow_StopTheLane()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = (item, _) => Task.FromResult<ItemOutcome>(new ItemFailed("answer has changed shape", "no member 'rating'", 1, Garbled: true));

        var id = await harness.AcceptAsync(2000, concurrency: 5);
        var job = await harness.EndAsync(id);

        Assert.Equal(JobStatus.Failed, job.Status);
        Assert.Contains("cannot be data", job.Error);
        Assert.InRange(job.Failed, 25, 30); // those in flight when it stopped are settled too
        Assert.Equal(2000 - job.Failed, (await harness.LedgerAsync(id)).Pending);
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("failed")]
    [InlineData("stopped")]
    [InlineData("lost")]
    public async Task TheWorkload_IsLeft_BeforeThePumpsEndIsTold(string end)
    {
        await using var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, Patience = TimeSpan.FromSeconds(1), Heartbeat = TimeSpan.FromMilliseconds(50) });
        var left = 0;
        var running = -1;
        JobStatus? shown = null;
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            if (item.Key == "9" && end != "completed")
            {
                await (end == "failed" ? Task.CompletedTask : Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken));
                return new ItemRefused("no key");
            }

            return new ItemSucceeded("done");
        };
        harness.Workload.Leaving = async () =>
        {
            (running, shown) = (harness.Workload.Running, (await harness.Grains.Job(harness.Workload.Ticket!.Id).GetProgressAsync()).Status);
            Interlocked.Increment(ref left);
            throw new InvalidOperationException("This ends no job otherwise than it would have.");
        };
        var id = await harness.AcceptAsync(10);
        var watching = WatchAsync();
        await JobHarness.Until("nine are done", async () => (await harness.RowAsync(id)).Succeeded >= 9);

        switch (end)
        {
            case "stopped":
                await harness.Grains.Job(id).CancelAsync();
                Assert.Equal(1, left);
                break;
            case "lost":
                await harness.Postgres.ExecuteAsync("UPDATE jobs SET epoch = epoch + 1 WHERE id = $1", id);
                await JobHarness.Until("the pump has ended", () => left == 1);
                break;
            default:
                await harness.EndAsync(id);
                Assert.Equal(end, (await watching).Progress.Status.Wire());
                break;
        }

        Assert.Equal((1, 0, true), (left, running, shown?.IsActive()));

        async Task<JobEnded> WatchAsync()
        {
            await foreach (var happened in harness.Grains.Job(id).WatchAsync(CancellationToken.None))
            {
                if (happened is JobEnded ended)
                {
                    Assert.Equal(1, left);
                    return ended;
                }
            }

            throw new InvalidOperationException("The end was not told.");
        }
    }

    [Fact]
    public async Task SeveralJobs_RunAtOnce_EachWithItsOwnLedger()
    {
        await using var harness = await JobHarness.StartAsync();

        var ids = await Task.WhenAll(Enumerable.Range(1, 6).Select(number => harness.AcceptAsync(number * 100)));
        await Task.WhenAll(ids.Select(harness.EndAsync));

        for (var i = 0; i < ids.Length; i++)
        {
            var items = (i + 1) * 100;
            Assert.Equal(new Ledger(items, items, 0, 0, 0, 0, Balanced: true), await harness.LedgerAsync(ids[i]));
        }
    }

    [Fact]
    public async Task SameIdempotencyKey_IsTheSameJob_AndWithOtherWordsAMistake()
    {
        await using var harness = await JobHarness.StartAsync();

        var ids = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => harness.AcceptAsync(50, key: "friday")));
        var other = await harness.Intake.AcceptAsync(new JobRequest("test", TestWorkload.Spec(51), null, null, "friday"), "tester", CancellationToken.None);
        await harness.EndAsync(ids[0]);

        Assert.Single(ids.Distinct());
        Assert.Equal(ids[0], Assert.IsType<IdempotencyKeyReused>(other).Id);
        Assert.Equal((50, 50), await harness.ResultsAsync(ids[0]));
    }

    [Fact]
    public async Task UnknownWorkload_IsRejectedWithTheKnownOnes()
    {
        await using var harness = await JobHarness.StartAsync();

        var reply = await harness.Intake.AcceptAsync(new JobRequest("nonsense", TestWorkload.Spec(1), null, null, null), "tester", CancellationToken.None);

        Assert.Equal("There is no workload 'nonsense'. Known are: test.", Assert.IsType<JobRejected>(reply).Problem);
    }
}
