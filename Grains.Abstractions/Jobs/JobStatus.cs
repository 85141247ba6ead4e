namespace OrleansBulk.Jobs;

/// <summary>
/// Where a job is in its life: <c>queued → planning → running ⇄ paused → completed | cancelled | failed</c>.
/// Stored and sent as the lower-case name.
/// </summary>
public enum JobStatus
{
    Queued,
    Planning,
    Running,
    Paused,
    Completed,
    Cancelled,
    Failed,
}

public static class JobStatusExtensions
{
    /// <summary>True when nothing will happen to the job any more unless somebody asks for it.</summary>
    public static bool IsFinal(this JobStatus status) => status is JobStatus.Completed or JobStatus.Cancelled or JobStatus.Failed;

    /// <summary>True when a pump should be at work for the job.</summary>
    public static bool IsActive(this JobStatus status) => status is JobStatus.Queued or JobStatus.Planning or JobStatus.Running;

    /// <summary>The name in the database and on the wire.</summary>
    public static string Wire(this JobStatus status) => status switch
    {
        JobStatus.Queued => "queued",
        JobStatus.Planning => "planning",
        JobStatus.Running => "running",
        JobStatus.Paused => "paused",
        JobStatus.Completed => "completed",
        JobStatus.Cancelled => "cancelled",
        JobStatus.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "A job status that has no wire name."),
    };

    /// <summary>Reads a wire name; null when it is none.</summary>
    public static JobStatus? Parse(string? wire) => wire switch
    {
        "queued" => JobStatus.Queued,
        "planning" => JobStatus.Planning,
        "running" => JobStatus.Running,
        "paused" => JobStatus.Paused,
        "completed" => JobStatus.Completed,
        "cancelled" => JobStatus.Cancelled,
        "failed" => JobStatus.Failed,
        _ => null,
    };
}
