using OrleansBulk.Jobs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Jobs;

/// <summary>Following a job.</summary>
[Trait("Category", "Grains")]
public sealed class JobWatchTests
{
    [Fact]
    public async Task Watcher_SeesCountsGrow_AndAlwaysTheEnd()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (item, cancellationToken) =>
        {
            await Task.Delay(5, cancellationToken);
            return item.Ordinal == 3 ? new ItemFailed("teapot", "empty", 1) : new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(1000, concurrency: 2);

        var seen = await FollowAsync(harness, id);

        var ended = Assert.IsType<JobEnded>(seen[^1]).Progress;
        Assert.Equal((JobStatus.Completed, 1000, 999, 1, 0, 100.0), (ended.Status, ended.Submitted, ended.Succeeded, ended.Failed, ended.Pending, ended.Percent));
        var snapshots = seen.OfType<JobAdvanced>().Select(advanced => advanced.Progress).ToList();
        Assert.True(snapshots.Count >= 3, $"Only {snapshots.Count} snapshots.");
        Assert.Equal(snapshots.Select(snapshot => snapshot.Done).Order(), snapshots.Select(snapshot => snapshot.Done));
        Assert.Equal(snapshots.Select(snapshot => snapshot.Version).Order(), snapshots.Select(snapshot => snapshot.Version));
        Assert.All(snapshots, snapshot => Assert.Equal(snapshot.Submitted, snapshot.Done + snapshot.Pending));
        Assert.Contains(snapshots, snapshot => snapshot is { RatePerSecond: > 0, Eta: not null, InFlight: > 0 });
    }

    [Fact]
    public async Task WatcherOfAJobThatHasEnded_GetsTheEnd()
    {
        await using var harness = await JobHarness.StartAsync();
        var id = await harness.AcceptAsync(10);
        await harness.EndAsync(id);

        var seen = await FollowAsync(harness, id).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(10, Assert.IsType<JobEnded>(seen[^1]).Progress.Succeeded);
    }

    [Fact]
    public async Task Watcher_StaysThroughPauseAndResume()
    {
        await using var harness = await JobHarness.StartAsync();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(5, cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(600, concurrency: 5);
        var following = FollowAsync(harness, id);
        await JobHarness.Until("some are done", async () => (await harness.RowAsync(id)).Succeeded > 50);

        await harness.Grains.Job(id).PauseAsync();
        await harness.Grains.Job(id).ResumeAsync();
        var seen = await following.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Contains(seen.OfType<JobAdvanced>(), advanced => advanced.Progress.Status == JobStatus.Paused);
        Assert.Equal(600, Assert.IsType<JobEnded>(seen[^1]).Progress.Succeeded);
    }

    [Fact]
    public async Task AnEndThatOnlyTheRowKnows_IsTold()
    {
        await using var harness = await JobHarness.StartAsync(new JobOptions { CommitLinger = TimeSpan.Zero, Heartbeat = TimeSpan.FromMilliseconds(50) });
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(5);
        var following = FollowAsync(harness, id);
        await JobHarness.Until("all are in flight", () => harness.Workload.Runs.Count == 5);

        // As a cancel does whose answer is lost: the pump finds that it is no longer the owner, and tells nobody.
        await harness.Postgres.ExecuteAsync("UPDATE jobs SET status = 'cancelled', epoch = epoch + 1, cancelled = 5, finished_at = now() WHERE id = $1", id);

        Assert.Equal(JobStatus.Cancelled, Assert.IsType<JobEnded>((await following.WaitAsync(TimeSpan.FromSeconds(30)))[^1]).Progress.Status);
    }

    [Fact]
    public async Task WatcherThatLeaves_IsForgotten()
    {
        await using var harness = await JobHarness.StartAsync();
        var gate = new TaskCompletionSource();
        harness.Workload.Run = async (_, cancellationToken) =>
        {
            await gate.Task.WaitAsync(cancellationToken);
            return new ItemSucceeded("done");
        };
        var id = await harness.AcceptAsync(5);

        using var leave = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in harness.Grains.Job(id).WatchAsync(leave.Token).WithCancellation(leave.Token))
            {
                await leave.CancelAsync();
            }
        });
        gate.SetResult();

        Assert.Equal(JobStatus.Completed, (await harness.EndAsync(id)).Status);
    }

    private static async Task<List<JobEvent>> FollowAsync(JobHarness harness, Guid id)
    {
        var seen = new List<JobEvent>();
        await foreach (var happened in harness.Grains.Job(id).WatchAsync(CancellationToken.None))
        {
            seen.Add(happened);
        }

        return seen;
    }
}
