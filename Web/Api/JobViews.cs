using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Api;

/// <summary>One job as the API and the pages show it: its row, and from its grain what is newer while it runs.</summary>
public sealed class JobViews(JobStore jobs, IGrainFactory grains, TimeProvider time)
{
    /// <summary>A grain that does not answer in this time is passed over: the row is a second old at most.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>The job, or null when there is none.</summary>
    public async Task<JobView?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        await jobs.FindAsync(id, cancellationToken) is { } job ? JobView.Of(job, await NewestAsync(job, cancellationToken), time.GetUtcNow()) : null;

    /// <summary>A few jobs at once, as they are now.</summary>
    public async Task<IReadOnlyList<JobView>> ShowAsync(IReadOnlyList<JobRow> rows, CancellationToken cancellationToken) =>
        await Task.WhenAll(rows.Select(async job => JobView.Of(job, await NewestAsync(job, cancellationToken), time.GetUtcNow())));

    private async Task<JobProgress?> NewestAsync(JobRow job, CancellationToken cancellationToken)
    {
        if (!job.Status.IsActive() && job.Status != JobStatus.Paused)
        {
            return null;
        }

        try
        {
            var progress = await grains.Job(job.Id).GetProgressAsync().WaitAsync(Patience, time, cancellationToken);
            return progress.Status.IsFinal() ? (await jobs.FindAsync(job.Id, cancellationToken))?.ToProgress(time.GetUtcNow()) : job.Status == JobStatus.Paused ? progress with { Status = JobStatus.Paused } : progress;
        }
        catch (Exception error) when (GrainFaults.MayHaveRun(error) || Database.IsAway(error) || error is JobNotFoundException)
        {
            return null;
        }
    }
}
