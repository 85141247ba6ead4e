using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

// What the pump tells the world: snapshots, sampled failures, samples for charts, heartbeats.
internal sealed partial class JobRun
{
    private async Task TickAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TickEvery, _engine.Time);
        var beatAt = _engine.Time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stop))
        {
            Tell(Tick.Now);
            if (_engine.Time.GetElapsedTime(beatAt) < _engine.Options.Heartbeat)
            {
                continue;
            }

            beatAt = _engine.Time.GetTimestamp();
            try
            {
                if ((await _chunks.BeatAsync(stop) ?? throw new EpochFencedException(_job.Row.Id, _job.Row.Epoch)) == JobStatus.Paused)
                {
                    StopSoftly(JobStatus.Paused); // also when the command broke off between the row and here
                }

                await _sampler.WriteAsync(stop);
            }
            catch (Exception error) when (Database.IsAway(error) && !stop.IsCancellationRequested)
            {
                JobRunLog.PutOff(_engine.Log, error, _job.Row.Id, "its heartbeat");
            }
        }
    }

    private void OnTick()
    {
        var now = Now();
        foreach (var lane in _turns)
        {
            lane.Room = _work.RoomOf(lane.Name);
            lane.Wake(now);
        }

        _slots = _turns.Sum(lane => lane.Slots);
        _meter.Record(TimeSpan.FromTicks(now), _succeeded + _failed + _skipped);
        _sampler.Tick(Sample);
        Publish(null);
    }

    private (int InFlight, string? BoundBy) Sample() => (InFlight(), _because is null ? BoundBy() : null);

    /// <summary>How long the lane that will be done last is held by its limit, for the items that are known of it.</summary>
    private TimeSpan SlowestLane() => TimeSpan.FromSeconds(_turns
        .Where(lane => lane.Refused is null && lane.Room.ItemsPerSecond is > 0)
        .Select(lane => (lane.Backlog + lane.InFlight) / lane.Room.ItemsPerSecond!.Value)
        .DefaultIfEmpty().Max());

    /// <summary>Without those that stand in line for one of the job's calls.</summary>
    private int InFlight() => _inFlight - Math.Max(0, _slots - _job.Row.MaxConcurrency);

    private void Publish(RunEnd? end)
    {
        var status = end switch
        {
            RunCompleted => JobStatus.Completed,
            RunFailed => JobStatus.Failed,
            _ when _stopping && _shownAs is { } shownAs => shownAs,
            _ => _planDone ? JobStatus.Running : JobStatus.Planning,
        };
        var submitted = _planDone ? _planned : Math.Max(_planned, _expected ?? 0);
        var pending = submitted - _succeeded - _failed - _skipped;
        var going = end is null && !_stopping;
        var progress = new JobProgress
        {
            JobId = _job.Row.Id,
            Status = status,
            Version = (_job.Row.Epoch << 32) + ++_version,
            Submitted = submitted,
            Planned = _planned,
            Succeeded = _succeeded,
            Failed = _failed,
            Skipped = _skipped,
            Cancelled = _job.Row.Cancelled,
            InFlight = InFlight(),
            RatePerSecond = end is null ? Math.Round(_meter.RatePerSecond, 1) : 0,
            Eta = going && _planDone ? _meter.Eta(pending, SlowestLane()) : null,
            BoundBy = going ? _meter.Explain(BoundBy()) : null,
            CallsMade = _job.Row.CallsMade + _cost.Calls,
            CallsAvoided = _job.Row.CallsAvoided + _cost.Avoided,
            Retries = _job.Row.Retries + _cost.Retries,
            Error = (end as RunFailed)?.Reason,
            Doing = going ? _work.Doing : null,
            At = _engine.Time.GetUtcNow(),
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

    /// <summary>One failure a cause a second is shown as it happens; all of them are in the database.</summary>
    private void Show(Item item, ItemFailed failed)
    {
        var now = Now();
        if (_feed.Watchers > 0 && (_failureShown.TryGetValue(failed.Cause, out var shown) ? now - shown >= TimeSpan.TicksPerSecond : _failureShown.Count < 1000))
        {
            _failureShown[failed.Cause] = now;
            _feed.Publish(new JobItemFailed(item.Ordinal, item.Key, failed.Cause, failed.Message));
        }
    }
}
