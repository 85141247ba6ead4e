namespace OrleansBulk.Jobs;

/// <summary>What works on one job under one epoch, as its grain sees it.</summary>
internal interface IJobPump
{
    /// <summary>The newest snapshot.</summary>
    JobProgress Latest { get; }

    /// <summary>Completes when the pump has come to its end; never faults.</summary>
    Task<RunEnd> Ended { get; }

    /// <summary>Claims nothing more; ends when what is in flight is done and committed.</summary>
    /// <param name="shownAs">What the job is by now, for those who watch.</param>
    void StopSoftly(JobStatus? shownAs);

    /// <summary>Claims nothing more, waits for what is in flight, commits it and ends.</summary>
    /// <param name="patience">How long items in flight are waited for; then they are given up and stay pending.</param>
    Task<RunEnd> StopAsync(TimeSpan patience);
}
