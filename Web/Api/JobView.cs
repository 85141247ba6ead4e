using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Api;

/// <summary>A job on the wire.</summary>
public sealed record JobView(
    Guid Id, string Workload, string Status, string Mode, int MaxConcurrency, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt,
    string? Error, JobProgressView Progress, JobLinks Links)
{
    /// <param name="progress">Newer than the row where the job runs; null: what the row says.</param>
    public static JobView Of(JobRow job, JobProgress? progress, DateTimeOffset now)
    {
        var newest = progress ?? job.ToProgress(now);
        return new JobView(
            job.Id, job.Workload, newest.Status.Wire(), job.Mode.Wire(), job.MaxConcurrency, job.CreatedBy, job.CreatedAt, job.StartedAt, job.FinishedAt,
            newest.Error ?? job.Error, JobProgressView.Of(newest), JobLinks.Of(job.Id));
    }
}

/// <summary>A job's progress on the wire. Counts are items; rates are per second; times are seconds from now.</summary>
public sealed record JobProgressView(
    string Status, long Submitted, long Planned, long Succeeded, long Failed, long Skipped, long Cancelled, long Pending, double Percent, int InFlight,
    double RatePerSecond, EtaView? EtaSeconds, string? BoundBy, long CallsMade, long CallsAvoided, long Retries, string? Doing = null)
{
    public static JobProgressView Of(JobProgress progress) => new(
        progress.Status.Wire(), progress.Submitted, progress.Planned, progress.Succeeded, progress.Failed, progress.Skipped, progress.Cancelled, progress.Pending, progress.Percent,
        progress.InFlight, progress.RatePerSecond, progress.Eta is { } eta ? new EtaView(eta.Low, eta.High) : null, progress.BoundBy, progress.CallsMade, progress.CallsAvoided, progress.Retries, progress.Doing);
}

public sealed record EtaView(long Low, long High);

public sealed record JobLinks(string Self, string Events, string Ledger, string Failures)
{
    public static JobLinks Of(Guid id) => new($"/api/jobs/{id}", $"/api/jobs/{id}/events", $"/api/jobs/{id}/ledger", $"/api/jobs/{id}/failures");
}

/// <summary>The answer to a request that started a job.</summary>
public sealed record JobStarted(Guid Id, string Status, JobLinks Links);

/// <summary>A page of a list; <see cref="Next"/> goes into <c>after</c> for the following one, null when there is none.</summary>
public sealed record PageOf<T>(IReadOnlyList<T> Items, string? Next);
