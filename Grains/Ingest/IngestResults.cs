using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Ingest;

/// <summary>What ingests came to, from their jobs.</summary>
public sealed class IngestResults(JobStore jobs, FailureStore failures)
{
    /// <summary>The ingest with the first of its rejected rows; null when there is none with this id.</summary>
    public async Task<IngestResult?> FindAsync(Guid id, int rejected, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { Workload: ProfileIngest.WorkloadName } job)
        {
            return null;
        }

        var spec = IngestSpec.Parse((await jobs.ReadSpecAsync(id, cancellationToken))!);
        return new IngestResult(job, spec, job.Failed == 0 ? [] : await failures.ListAsync(id, null, -1, rejected, cancellationToken));
    }

    /// <summary>Ingests, newest first.</summary>
    public Task<IReadOnlyList<JobRow>> ListAsync(int limit, CancellationToken cancellationToken) => jobs.ListAsync(ProfileIngest.WorkloadName, null, null, null, limit, cancellationToken);
}

/// <param name="Rejected">The first rejected rows: ordinal is the index in the body, message the reason.</param>
public sealed record IngestResult(JobRow Job, IngestSpec Spec, IReadOnlyList<Failure> Rejected)
{
    public long InsertedRaw => Job.Succeeded + Job.Skipped;

    public long AddedToGlobal => Job.Succeeded;

    public long SkippedExisting => Job.Skipped;

    public long RejectedCount => Job.Failed;
}
