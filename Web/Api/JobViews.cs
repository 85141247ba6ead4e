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
        await jobs.FindAsync(id, cancellationToken) is { } job ? await ShowAsync(job, cancellationToken) : null;

    /// <summary>A few jobs at once, as they are now.</summary>
    public async Task<IReadOnlyList<JobView>> ShowAsync(IReadOnlyList<JobRow> rows, CancellationToken cancellationToken) =>
        await Task.WhenAll(rows.Select(job => ShowAsync(job, cancellationToken)));

    private async Task<JobView> ShowAsync(JobRow job, CancellationToken cancellationToken)
    {
        var progress = await NewestAsync(job, cancellationToken);
        return progress is { } newest && newest.Status.IsFinal() && await jobs.FindAsync(job.Id, cancellationToken) is { } ended
            ? JobView.Of(ended, null, time.GetUtcNow()) // it ended since its row was read: when, stands in the row
            : JobView.Of(job, progress, time.GetUtcNow());
    }

    private async Task<JobProgress?> NewestAsync(JobRow job, CancellationToken cancellationToken)
    {
        if (!job.Status.IsActive() && job.Status != JobStatus.Paused)
        {
            return null;
        }

        try
        {
            var progress = await grains.Job(job.Id).GetProgressAsync().WaitAsync(Patience, time, cancellationToken);
            return job.Status == JobStatus.Paused && !progress.Status.IsFinal() ? progress with { Status = JobStatus.Paused } : progress;
        }
        catch (Exception error) when (GrainFaults.MayHaveRun(error) || Database.IsAway(error) || error is JobNotFoundException)
        {
            return null;
        }
    }
}
