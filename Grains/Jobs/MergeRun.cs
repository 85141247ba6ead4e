using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>
/// The pump of a job whose chunks are merged whole: one merge after the other, each a transaction, and between them snapshots, samples and heartbeats.
/// One loop owns all state; a merge runs beside it, and beside that what the next one may write ahead. Stopping waits for the merge under way or, when patience is over,
/// rolls it back: its items stay pending.
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The token source has no timer; whoever stops the pump may still hold it when it has ended.")]
internal sealed class MergeRun : IJobPump
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PutOff = TimeSpan.FromMilliseconds(500);

    private readonly JobEngine _engine;
    private readonly JobRow _job;
    private readonly MergeTicket _ticket;
    private readonly IMergeWorkload _workload;
    private readonly ChunkStore _chunks;
    private readonly JobFeed _feed;
    private readonly ProgressMeter _meter;
    private readonly JobSampler _sampler;
    private readonly CancellationTokenSource _stopWorking = new(); // rolls the merge under way back
    private readonly TaskCompletionSource _stopClaiming = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile object? _shownAs; // JobStatus: what the job is by now; written by whoever stops it softly

    // The loop's.
    private long _succeeded;
    private long _failed;
    private long _skipped;
    private long _version;
    private long _beatAt;

    private MergeRun(JobEngine engine, OwnedJob owned, IMergeWorkload workload, JobFeed feed)
    {
        var job = owned.Row;
        (_engine, _job, _workload, _feed) = (engine, job, workload, feed);
        _ticket = new MergeTicket(job.Id, job.CreatedAt, owned.Spec);
        _chunks = new ChunkStore(engine.Database, job.Id, job.Epoch, job.CommitNo);
        _meter = new ProgressMeter(engine.Options.StallAfter);
        _sampler = new JobSampler(_chunks, engine.Time);
        (_succeeded, _failed, _skipped) = (job.Succeeded, job.Failed, job.Skipped);
        _beatAt = engine.Time.GetTimestamp();
        Latest = job.ToProgress(engine.Time.GetUtcNow());
        Ended = Task.Run(RunAsync);
    }

    public JobProgress Latest { get; private set; }

    public Task<RunEnd> Ended { get; }

    /// <summary>Starts a pump for a job that was just taken over.</summary>
    public static MergeRun Start(JobEngine engine, OwnedJob job, IMergeWorkload workload, JobFeed feed) => new(engine, job, workload, feed);

    public void StopSoftly(JobStatus? shownAs)
    {
        _shownAs = shownAs ?? _shownAs;
        _stopClaiming.TrySetResult();
    }

    public async Task<RunEnd> StopAsync(TimeSpan patience)
    {
        StopSoftly(null);
        await Task.WhenAny(Ended, Task.Delay(patience, _engine.Time));
        if (!Ended.IsCompleted)
        {
            await _stopWorking.CancelAsync();
        }

        return await Ended;
    }

    private bool Stopping => _stopClaiming.Task.IsCompleted;

    private async Task<RunEnd> RunAsync()
    {
        _engine.Metrics.Started(_job.Id, _workload.Name);
        JobRunLog.Started(_engine.Log, _job.Id, _workload.Name, _job.Epoch, "merging");
        RunEnd end;
        try
        {
            end = await LoopAsync();
        }
        catch (EpochFencedException fenced)
        {
            JobRunLog.Lost(_engine.Log, _job.Id, fenced.Message);
            end = new RunLost();
        }
        catch (OperationCanceledException) when (_stopWorking.IsCancellationRequested)
        {
            end = new RunStopped();
        }
        catch (MergeStoppedException stopped)
        {
            end = await FailAsync(stopped.Message);
        }
        catch (Exception error)
        {
            JobRunLog.Broken(_engine.Log, error, _job.Id);
            end = await FailAsync($"internal error: {error.Message}");
        }

        Publish(end);
        await _sampler.FlushAsync((0, null), CancellationToken.None);
        await ForgetAsync(end);
        JobRunLog.Ended(_engine.Log, _job.Id, end, _succeeded, _failed, _skipped);
        _engine.Metrics.Ended(_job.Id);
        return end;
    }

    private async Task<RunEnd> LoopAsync()
    {
        while (true)
        {
            try
            {
                return await MergeAllAsync();
            }
            catch (Exception error) when (Database.IsAway(error) && !_stopWorking.IsCancellationRequested)
            {
                JobRunLog.PutOff(_engine.Log, error, _job.Id, "merging");
                await WhereItStandsAsync();
            }
        }
    }

    private async Task<RunEnd> MergeAllAsync()
    {
        Task<OpenMerge?>? ahead = null;
        try
        {
            while (!Stopping)
            {
                var started = _engine.Time.GetTimestamp();
                ahead ??= OpenAsync(-1);
                await TickWhileAsync(ahead);
                if (await ahead is not { } merge)
                {
                    return await CompleteAsync();
                }

                using var place = merge.IsLast ? null : _engine.TryMergeAhead();
                ahead = place is null ? null : OpenAsync(merge.Chunks[^1].No);
                var committing = _chunks.CommitMergeAsync(merge, _workload, _ticket, _engine.Time.GetUtcNow(), _stopWorking.Token);
                await TickWhileAsync(committing);
                Count(await committing, _engine.Time.GetElapsedTime(started));
                if (merge.IsLast && !Stopping)
                {
                    return await CompleteAsync();
                }

                await GiveWayAsync(_engine.Time.GetElapsedTime(started));
            }

            return new RunStopped();
        }
        finally
        {
            await RollBackAsync(ahead);
        }
    }

    /// <summary>While people wait too long, the merges take a share of the time only.</summary>
    private async Task GiveWayAsync(TimeSpan merged)
    {
        var share = _engine.Foreground.Share;
        if (share < 1)
        {
            var pause = merged * ((1 / share) - 1);
            await TickWhileAsync(Task.WhenAny(_stopClaiming.Task, Task.Delay(pause < LongestPause ? pause : LongestPause, _engine.Time)));
        }
    }

    private Task<OpenMerge?> OpenAsync(int after) => _chunks.OpenMergeAsync(_workload, _ticket, after, _stopWorking.Token);

    /// <summary>What was written ahead of a merge that does not come.</summary>
    private static async Task RollBackAsync(Task<OpenMerge?>? ahead)
    {
        try
        {
            if (ahead is not null && await ahead is { } merge)
            {
                await merge.DisposeAsync();
            }
        }
        catch (Exception error) when (Database.IsAway(error) || error is OperationCanceledException)
        {
            // it is rolled back already
        }
    }

    private async Task TickWhileAsync(Task merging)
    {
        while (await Task.WhenAny(merging, Task.Delay(TickEvery, _engine.Time)) != merging)
        {
            await TickAsync();
        }
    }

    private void Count(MergedChunks merged, TimeSpan took)
    {
        _succeeded += merged.Succeeded;
        _failed += merged.Failed;
        _skipped += merged.Skipped;
        _sampler.Committed(merged.Succeeded, merged.Failed, merged.Skipped, took);
        _engine.Metrics.Committed(_workload.Name, merged.Succeeded, merged.Failed, merged.Skipped, took);
        Publish(null);
    }

    /// <summary>Nothing is pending, unless a command has made it so in this moment.</summary>
    private async Task<RunEnd> CompleteAsync() => await new JobOwnership(_engine.Database).CompleteAsync(_job.Id, _job.Epoch, _stopWorking.Token) switch
    {
        0 => new RunCompleted(),
        null => new RunLost(),
        { } pending => await FailAsync($"internal error: {pending} items are pending in the database but no chunk can be merged."),
    };

    /// <summary>Whether the transaction that broke went through is told by the database alone.</summary>
    private async Task WhereItStandsAsync()
    {
        while (!Stopping)
        {
            try
            {
                await Task.WhenAny(_stopClaiming.Task, Task.Delay(PutOff, _engine.Time, _stopWorking.Token));
                var state = await _chunks.ReadMergeStateAsync(_stopWorking.Token);
                (_succeeded, _failed, _skipped) = (state.Succeeded, state.Failed, state.Skipped);
                return;
            }
            catch (Exception error) when (Database.IsAway(error) && !_stopWorking.IsCancellationRequested)
            {
                JobRunLog.PutOff(_engine.Log, error, _job.Id, "merging");
                Publish(null);
            }
        }
    }

    private async Task<RunEnd> FailAsync(string reason)
    {
        try
        {
            return await new JobOwnership(_engine.Database).FailAsync(_job.Id, _job.Epoch, reason, CancellationToken.None) ? new RunFailed(reason) : new RunStopped();
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            JobRunLog.Broken(_engine.Log, error, _job.Id);
            return new RunStopped(); // without a heartbeat the job is taken over and comes to the same end again, unless the row has it already: then the grain finds it there
        }
    }

    private async Task ForgetAsync(RunEnd end)
    {
        try
        {
            if (end is RunCompleted)
            {
                await _workload.ForgetAsync(_job.Id, CancellationToken.None);
            }
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            JobRunLog.PutOff(_engine.Log, error, _job.Id, "tidying up");
        }
    }

    private async Task TickAsync()
    {
        _sampler.Tick(() => (0, BoundBy));
        Publish(null);
        if (_engine.Time.GetElapsedTime(_beatAt) < _engine.Options.Heartbeat)
        {
            return;
        }

        _beatAt = _engine.Time.GetTimestamp();
        try
        {
            // Null means that the job has another owner: the merge's fence finds that out.
            if (await _chunks.BeatAsync(_stopWorking.Token) == JobStatus.Paused)
            {
                StopSoftly(JobStatus.Paused); // also when the command broke off between the row and here
            }

            await _sampler.WriteAsync(_stopWorking.Token);
        }
        catch (Exception error) when (Database.IsAway(error) && !_stopWorking.IsCancellationRequested)
        {
            JobRunLog.PutOff(_engine.Log, error, _job.Id, "its heartbeat");
        }
    }

    private const string BoundBy = "the database";

    private void Publish(RunEnd? end)
    {
        var now = _engine.Time.GetUtcNow();
        var done = _succeeded + _failed + _skipped;
        _meter.Record(TimeSpan.FromTicks(_engine.Time.GetTimestamp() / (_engine.Time.TimestampFrequency / TimeSpan.TicksPerSecond)), done);
        var going = end is null && !Stopping;
        var progress = _job.ToProgress(now) with
        {
            Status = end switch
            {
                RunCompleted => JobStatus.Completed,
                RunFailed => JobStatus.Failed,
                _ => _shownAs is JobStatus shownAs ? shownAs : JobStatus.Running,
            },
            Version = (_job.Epoch << 32) + ++_version,
            Succeeded = _succeeded,
            Failed = _failed,
            Skipped = _skipped,
            RatePerSecond = end is null ? Math.Round(_meter.RatePerSecond, 1) : 0,
            Eta = going ? _meter.Eta(_job.Submitted - done) : null,
            BoundBy = going ? _meter.Explain(_engine.Foreground.Share < 1 ? JobEngine.PeopleFirst : BoundBy) : null,
            Error = (end as RunFailed)?.Reason,
        };
        Latest = progress;
        if (end is RunCompleted or RunFailed)
        {
            _feed.Publish(new JobEnded(progress));
        }
        else if (end is null)
        {
            _feed.Publish(new JobAdvanced(progress));
        }
    }
}
