using System.Runtime.CompilerServices;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// Owns one job. Commands come one at a time; each of them changes the row first or last so that a crash in the middle leaves a job that goes on by itself.
/// The pump (<see cref="JobRun"/> or <see cref="MergeRun"/>) runs off this grain's scheduler; a timer keeps the activation, and tells those who watch of an end that only
/// the row knows.
/// </summary>
internal sealed class JobGrain(JobEngine engine, JobOwnership ownership, ILogger<JobGrain> log) : Grain, IJobGrain
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly JobFeed _feed = new();
    private IJobPump? _run;
    private IGrainTimer? _timer;

    private Guid Id => JobKeys.JobId(this.GetPrimaryKeyString());

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _timer?.Dispose();
        if (_run is { } run)
        {
            // No command: the job stays active in the database, and its next owner goes on with what is pending.
            await run.StopAsync(engine.Options.Patience);
        }
    }

    public async Task WakeAsync()
    {
        if (_run is { Ended.IsCompleted: false })
        {
            return;
        }

        if (await ownership.TakeOverAsync(Id, engine.Silo.Name, CancellationToken.None) is not { } job)
        {
            return;
        }

        if (engine.Find(job.Row.Workload) is not { } workload)
        {
            await ownership.FailAsync(Id, job.Row.Epoch, $"This version of the service knows no workload '{job.Row.Workload}'. Known are: {string.Join(", ", engine.Workloads)}.", CancellationToken.None);
            return;
        }

        try
        {
            _run = workload switch
            {
                IWorkload items => JobRun.Start(engine, job, items, _feed),
                IMergeWorkload merge => MergeRun.Start(engine, job, merge, _feed),
                _ => throw new InvalidOperationException($"{workload.GetType().Name} does neither items nor merges."),
            };
        }
        catch (Exception error)
        {
            // A spec that this version cannot read, say: without this the job would be taken over in vain again and again.
            JobGrainLog.StartFailed(log, error, Id);
            await ownership.FailAsync(Id, job.Row.Epoch, $"internal error: the job could not be started: {error.Message}", CancellationToken.None);
            return;
        }

        KeepLooking();
    }

    public async Task<CommandReply> PauseAsync()
    {
        if (!await ownership.PauseAsync(Id, CancellationToken.None))
        {
            return await ForbidAsync("Only a queued, planning or running job can be paused");
        }

        JobGrainLog.Commanded(log, Id, "paused");
        _run?.StopSoftly(JobStatus.Paused);
        return await TakenAsync(JobStatus.Paused, 0);
    }

    public async Task<CommandReply> ResumeAsync()
    {
        const string Forbidden = "Only a paused or failed job can be resumed";
        if (await ownership.FindAsync(Id, CancellationToken.None) is not { Status: JobStatus.Paused or JobStatus.Failed })
        {
            return await ForbidAsync(Forbidden); // and its pump, if it has one, is left alone
        }

        await StopAsync(); // it may still be finishing what was in flight at the pause
        if (!await ownership.ResumeAsync(Id, CancellationToken.None))
        {
            return await ForbidAsync(Forbidden);
        }

        JobGrainLog.Commanded(log, Id, "resumed");
        await WakeAsync();
        return await TakenAsync(null, 0);
    }

    public async Task<CommandReply> CancelAsync()
    {
        if (await ownership.FindAsync(Id, CancellationToken.None) is { Status: JobStatus.Completed or JobStatus.Cancelled })
        {
            return await ForbidAsync("A job that has ended cannot be cancelled");
        }

        await StopAsync();
        if (await ownership.CancelAsync(Id, CancellationToken.None) is null)
        {
            return await ForbidAsync("A job that has ended cannot be cancelled");
        }

        JobGrainLog.Commanded(log, Id, "cancelled");
        return await TakenAsync(JobStatus.Cancelled, 0);
    }

    public async Task<CommandReply> RetryFailedAsync(RetryFailed command)
    {
        var job = await ownership.FindAsync(Id, CancellationToken.None);
        if (job is not null && engine.Find(job.Workload) is { CanRetry: false })
        {
            return await ForbidAsync("What failed here is wrong in itself and would fail again; put it right and send it in a new job");
        }

        if (job is { ChunksDroppedAt: not null })
        {
            return await ForbidAsync("Nothing of it can be retried");
        }

        await StopAsync();
        var items = await ownership.RetryFailedAsync(Id, command.Cause, CancellationToken.None);
        await WakeAsync(); // also when there was nothing to retry: the pump was stopped for it
        if (items is null)
        {
            return new JobUnknown();
        }

        if (items == 0)
        {
            return await ForbidAsync(command.Cause is null ? "The job has no failed items" : $"The job has no failed items of the cause '{command.Cause}'");
        }

        JobGrainLog.Commanded(log, Id, "retrying");
        return await TakenAsync(null, items.Value);
    }

    public async Task<JobProgress> GetProgressAsync() => _run is { Ended.IsCompleted: false } run ? run.Latest : await FromRowAsync();

    public async IAsyncEnumerable<JobEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        KeepLooking();
        await foreach (var happened in _feed.WatchAsync(async () => Event(await GetProgressAsync()), cancellationToken))
        {
            yield return happened;
        }
    }

    /// <summary>Not beside a command: what a look finds in the row is true until it has told of it.</summary>
    private void KeepLooking() =>
        _timer ??= this.RegisterGrainTimer(LookAsync, new GrainTimerCreationOptions { DueTime = LookEvery, Period = LookEvery, Interleave = false, KeepAlive = true });

    /// <summary>
    /// While a job runs or is watched, its activation stays. Without a pump the row alone knows how the job stands: it may have ended in a statement whose answer was lost,
    /// and nobody else would tell.
    /// </summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_run is { Ended.IsCompleted: false })
        {
            return;
        }

        if (_feed.Watchers == 0)
        {
            _run = null;
            _timer?.Dispose();
            _timer = null;
            return;
        }

        try
        {
            if (await FromRowAsync() is { Status: var status } progress && status.IsFinal())
            {
                _feed.Publish(new JobEnded(progress));
            }
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            // the next look comes in a second
        }
    }

    private async Task StopAsync()
    {
        if (_run is { } run)
        {
            await run.StopAsync(engine.Options.Patience);
            _run = null;
        }
    }

    private async Task<JobProgress> FromRowAsync() =>
        (await ownership.FindAsync(Id, CancellationToken.None) ?? throw JobNotFoundException.For(Id)).ToProgress(engine.Time.GetUtcNow());

    private static JobEvent Event(JobProgress progress) => progress.Status.IsFinal() ? new JobEnded(progress) : new JobAdvanced(progress);

    /// <summary>Tells watchers what the job is now, and the caller that the command was taken.</summary>
    /// <param name="status">What the command made of the job; null: whatever its pump says.</param>
    private async Task<CommandReply> TakenAsync(JobStatus? status, long items)
    {
        var progress = await GetProgressAsync();
        progress = progress with { Status = status ?? progress.Status };
        _feed.Publish(Event(progress));
        return new CommandTaken(progress.Status, items);
    }

    private async Task<CommandReply> ForbidAsync(string reason) => await ownership.FindAsync(Id, CancellationToken.None) switch
    {
        null => new JobUnknown(),
        { ChunksDroppedAt: { } dropped } job => new CommandForbidden(job.Status, $"The items of this job were dropped on {dropped:yyyy-MM-dd} by retention, so it can be neither resumed nor retried; start a new job."),
        { } job => new CommandForbidden(job.Status, $"{reason}; this one is {job.Status.Wire()}."),
    };
}

internal static partial class JobGrainLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId}: {Command} by command.")]
    public static partial void Commanded(ILogger log, Guid jobId, string command);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId}: its pump could not be started.")]
    public static partial void StartFailed(ILogger log, Exception error, Guid jobId);
}
