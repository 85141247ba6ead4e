using OrleansBulk.Hosting;

namespace OrleansBulk.Jobs;

/// <summary>Looks every few seconds for active jobs whose owner has gone silent, and wakes their grains. Every silo runs one; two that wake the same grain do no harm.</summary>
public sealed class JobSupervisor(JobOwnership ownership, IGrainFactory grains, JobOptions options, SiloIdentity silo, TimeProvider time, ILogger<JobSupervisor> log)
    : RecurringService("Looking for jobs without an owner", options.Supervision, time, log)
{
    private bool _first = true;

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    /// <summary>Wakes what needs an owner; answers how many jobs were woken.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        // Where this process is all there is, whoever owned a job at its start is dead: no heartbeat needs to be waited for.
        var orphans = await ownership.FindOrphansAsync(options.StaleAfter, adoptAll: _first && silo.OwnsCluster, silo.Name, cancellationToken);
        var woken = 0;
        foreach (var id in orphans)
        {
            try
            {
                await grains.Job(id).WakeAsync();
                woken++;
                JobSupervisorLog.Woke(Log, id);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever it was, it must not keep the other jobs from being woken, nor end the process.
                JobSupervisorLog.WakeFailed(Log, error, id);
            }
        }

        _first = false;
        return woken;
    }
}

internal static partial class JobSupervisorLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} had no owner: woken.")]
    public static partial void Woke(ILogger log, Guid jobId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} could not be woken; the next round tries again.")]
    public static partial void WakeFailed(ILogger log, Exception error, Guid jobId);
}
