using System.Collections.Concurrent;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Watches jobs on behalf of everybody who looks at them through this process: one watch of the grain for a job, however many look. What they are sent is made once.
/// </summary>
public sealed class JobWatches(IGrainFactory grains, JobStore jobs, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<JobWatches> log)
{
    private readonly ConcurrentDictionary<Guid, JobWatch> _watches = new();

    /// <summary>Joins the watch of a job, starting it when nobody else watches. Dispose to leave.</summary>
    internal JobWatch Join(Guid id)
    {
        while (true)
        {
            var watch = _watches.GetOrAdd(id, static (id, self) => new JobWatch(id, self.FollowAsync, self.Forget), this);
            if (watch.TryJoin())
            {
                return watch;
            }
        }
    }

    /// <summary>The job as it is at its end; null when it has not ended in time.</summary>
    public async Task<JobView?> WhenDoneAsync(Guid id, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var watch = Join(id);
        try
        {
            await watch.Done.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }

        return await jobs.FindAsync(id, cancellationToken) is { } job ? JobView.Of(job, null, time.GetUtcNow()) : null;
    }

    private void Forget(JobWatch watch) => _watches.TryRemove(new KeyValuePair<Guid, JobWatch>(watch.Id, watch));

    /// <summary>Follows the grain until the job ends or nobody looks any more. A watch that breaks (a silo stopped, the reader was too slow) is begun anew.</summary>
    private async Task FollowAsync(JobWatch watch, CancellationToken left)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(left, lifetime.ApplicationStopping);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var happened in grains.Job(watch.Id).WatchAsync(stop.Token).WithCancellation(stop.Token))
                {
                    switch (happened)
                    {
                        case JobAdvanced advanced:
                            watch.Show(JobFrames.Progress(advanced.Progress));
                            break;
                        case JobItemFailed failed:
                            watch.ShowFailure(JobFrames.Failure(failed));
                            break;
                        case JobNews news:
                            watch.ShowNews(news);
                            break;
                        case JobEnded ended:
                            watch.End(JobFrames.Progress(ended.Progress), await DoneAsync(ended.Progress, stop.Token));
                            return;
                    }
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (JobNotFoundException)
            {
                watch.End(null, JobFrames.Gone(watch.Id));
                return;
            }
            catch (Exception error) when (GrainFaults.MayHaveRun(error) || Database.IsAway(error) || error is EnumerationAbortedException or OrleansException or ObjectDisposedException)
            {
                JobWatchesLog.Broke(log, error, watch.Id);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), time, CancellationToken.None);
        }
    }

    private async Task<byte[]> DoneAsync(JobProgress progress, CancellationToken cancellationToken) =>
        await jobs.FindAsync(progress.JobId, cancellationToken) is { } job ? JobFrames.Done(JobView.Of(job, progress, time.GetUtcNow())) : JobFrames.Gone(progress.JobId);
}

internal static partial class JobWatchesLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The watch of job {JobId} broke; begun anew.")]
    public static partial void Broke(ILogger log, Exception error, Guid jobId);
}
