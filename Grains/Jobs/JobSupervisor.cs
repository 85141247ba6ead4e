using Microsoft.Extensions.Hosting;

namespace OrleansBulk.Jobs;

/// <summary>Looks every few seconds for active jobs whose owner has gone silent, and wakes their grains. Every silo runs one; two that wake the same grain do no harm.</summary>
public sealed class JobSupervisor(JobOwnership ownership, IGrainFactory grains, JobOptions options, SiloIdentity silo, TimeProvider time, ILogger<JobSupervisor> log) : BackgroundService
{
    private bool _first = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Supervision, time);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested) // whatever it was, it must not end the process
            {
                JobSupervisorLog.PutOff(log, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

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
                JobSupervisorLog.Woke(log, id);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever it was, it must not keep the other jobs from being woken, nor end the process.
                JobSupervisorLog.WakeFailed(log, error, id);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Looking for jobs without an owner failed; the next round tries again.")]
    public static partial void PutOff(ILogger log, Exception error);
}
