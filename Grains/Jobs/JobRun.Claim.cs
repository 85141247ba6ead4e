using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

// How the pump gets its items: planning them into chunks, claiming chunks, and knowing when there are no more.
internal sealed partial class JobRun
{
    private const int FirstPlanItems = 1000; // work starts soon
    private const int PlanItems = 10_000;

    private async Task PlanAsync(CancellationToken stop)
    {
        var cursor = _job.Row.PlanCursor;
        var planned = _job.Row.Planned;
        long? expected = null;
        while (true)
        {
            try
            {
                expected ??= await ExpectAsync(planned, stop);
                var buffer = new List<PlannedItem>(FirstPlanItems);
                var full = FirstPlanItems;
                await foreach (var item in _workload.PlanAsync(_job.Row.Id, _job.Spec, cursor, stop))
                {
                    buffer.Add(item);
                    if (buffer.Count == full)
                    {
                        await StoreAsync();
                        full = PlanItems;
                    }
                }

                if (buffer.Count > 0)
                {
                    await StoreAsync();
                }

                planned = await _chunks.PlanDoneAsync(stop);
                Tell(new PlanAdvanced(planned, planned, Done: true));
                JobRunLog.Planned(_engine.Log, _job.Row.Id, planned);
                return;

                async Task StoreAsync()
                {
                    planned = await _chunks.PlanAsync(buffer, stop);
                    cursor = buffer[^1].Cursor;
                    buffer.Clear();
                    Tell(new PlanAdvanced(planned, expected, Done: false));
                }
            }
            catch (Exception error) when (Database.IsAway(error) && !stop.IsCancellationRequested)
            {
                JobRunLog.PutOff(_engine.Log, error, _job.Row.Id, "planning");
                (cursor, planned) = await WherePlanStandsAsync(stop);
            }
        }
    }

    private async Task<long?> ExpectAsync(long planned, CancellationToken stop)
    {
        var expected = _job.Row.Expected ?? await _workload.ExpectAsync(_job.Row.Id, _job.Spec, stop);
        if (expected is { } known && _job.Row.Expected is null)
        {
            await _chunks.SetExpectedAsync(known, stop);
        }

        Tell(new PlanAdvanced(planned, expected, Done: false));
        return expected;
    }

    /// <summary>After a broken connection the database knows which chunks are stored, and nobody else.</summary>
    private async Task<(string? Cursor, long Planned)> WherePlanStandsAsync(CancellationToken stop)
    {
        while (true)
        {
            try
            {
                await Task.Delay(PutOff, _engine.Time, stop);
                return await _chunks.ReadPlanStateAsync(stop);
            }
            catch (Exception error) when (Database.IsAway(error) && !stop.IsCancellationRequested)
            {
                JobRunLog.PutOff(_engine.Log, error, _job.Row.Id, "planning");
            }
        }
    }

    /// <summary>Reads further chunks when the lanes run low.</summary>
    private void StartClaim()
    {
        if (_claiming || _stopping || _allClaimed || _because is not null)
        {
            return;
        }

        var ready = _turns.Sum(lane => lane.Ready.Count);
        var wanted = Math.Max(2 * Chunk.MaxItems, _turns.Sum(lane => 2 * lane.Room.Calls * lane.Room.ItemsPerCall));
        if (ready >= wanted && !_turns.Exists(Hungry))
        {
            return;
        }

        if (_openItems + Chunk.MaxItems > _engine.Options.MaxOpenItems && !MakeRoom())
        {
            return;
        }

        (_claiming, _moreCame) = (true, false);
        var limit = Math.Clamp((_engine.Options.MaxOpenItems - _openItems) / Chunk.MaxItems, 1, ClaimChunks);
        var (cursor, open) = (_cursor, _open.Keys.ToArray());
        _claim = Guard(() => ClaimAsync(cursor, open, limit));
    }

    private async Task ClaimAsync(int cursor, int[] open, int limit)
    {
        try
        {
            var chunks = await _chunks.ClaimAsync(cursor, open, limit, _stopWorking.Token);
            var claimed = new List<(Chunk, IReadOnlyList<ItemOutcome?>)>(chunks.Count);
            foreach (var chunk in chunks)
            {
                claimed.Add((chunk, await _work.PrepareAsync(chunk, _stopWorking.Token)));
            }

            Tell(new ChunksClaimed(claimed, chunks.Count < limit));
        }
        catch (Exception error) when (Database.IsAway(error) && !_stopWorking.IsCancellationRequested)
        {
            JobRunLog.PutOff(_engine.Log, error, _job.Row.Id, "claiming");
            await Task.Delay(PutOff, _engine.Time, _stopWorking.Token);
            Tell(new ClaimPutOff());
        }
    }

    private void Admit(ChunksClaimed claimed)
    {
        _claiming = false;
        _allClaimed = claimed.WasLast && !_moreCame;
        foreach (var (chunk, settled) in claimed.Chunks)
        {
            _cursor = Math.Max(_cursor, chunk.No);
            _open.Add(chunk.No, chunk);
            _openItems += chunk.Open;
            for (var i = 0; i < chunk.Items.Count; i++)
            {
                var item = chunk.Items[i];
                if (settled[i] is { } outcome)
                {
                    Finish(item, null, outcome);
                }
                else if (LaneOf(item) is { Refused: null } lane)
                {
                    lane.Ready.Enqueue(item);
                }
                else
                {
                    Shelve(item);
                }
            }
        }
    }

    /// <summary>It could take more than it has.</summary>
    private static bool Hungry(Lane lane) => lane.Refused is null && lane.Ready.Count < lane.Room.Calls * lane.Room.ItemsPerCall;

    /// <summary>
    /// Memory is full of items of slow lanes while others could work: puts back what the slow ones will not need for long. Another pass finds it again.
    /// </summary>
    private bool MakeRoom()
    {
        if (!_turns.Exists(lane => Hungry(lane) && lane.Backlog == 0))
        {
            return false;
        }

        foreach (var lane in _turns)
        {
            var keep = Math.Max(_engine.Options.MaxOpenItems / 8, 4 * lane.Room.Calls * lane.Room.ItemsPerCall);
            if (lane.Backlog > keep)
            {
                foreach (var item in lane.TakeOut(keep))
                {
                    Shelve(item);
                }
            }
        }

        return _openItems + Chunk.MaxItems <= _engine.Options.MaxOpenItems;
    }

    /// <summary>Whether the pump has nothing left to do; completes or fails the job when that is so.</summary>
    private async Task<bool> IsOverAsync()
    {
        if (!_planDone || !_allClaimed || _claiming || _inFlight > 0 || (_openItems > 0 && !PutBackWaiting()))
        {
            return false;
        }

        if (_shelved)
        {
            if (_startedInPass == 0 && _turns.Exists(lane => lane.Refused is not null))
            {
                _because = new RunFailed(string.Join(" ", _turns.Where(lane => lane.Refused is not null).Select(lane => lane.Refused)));
                return true;
            }

            NextPass();
            return false;
        }

        try
        {
            switch (await new JobOwnership(_engine.Database).CompleteAsync(_job.Row.Id, _job.Row.Epoch, _stopWorking.Token))
            {
                case null:
                    _because = new RunLost();
                    return true;
                case 0:
                    _because = new RunCompleted();
                    return true;
                case { } pending when _startedInPass == 0 && ++_emptyPasses > 2:
                    _because = new RunFailed($"internal error: {pending} items are pending in the database but no chunk can be claimed.");
                    return true;
                default:
                    NextPass();
                    return false;
            }
        }
        catch (Exception error) when (Database.IsAway(error) && !_stopWorking.IsCancellationRequested)
        {
            JobRunLog.PutOff(_engine.Log, error, _job.Row.Id, "its completion");
            await Task.Delay(PutOff, _engine.Time);
            return false; // the next tick tries again
        }
    }

    /// <summary>
    /// Puts back what waits for items that were put back before, when nothing else is left: those come with the next pass, and no pass begins while items are open.
    /// Once for each progress: items that wait in vain are not read again and again.
    /// </summary>
    /// <returns>Whether nothing is open any more.</returns>
    private bool PutBackWaiting()
    {
        if (!_shelved || _settled == _settledAtPutBack || _uncommitted > 0 || _openItems != _turns.Sum(lane => lane.WaitingForOthers))
        {
            return false;
        }

        _settledAtPutBack = _settled;
        foreach (var item in _turns.SelectMany(lane => lane.TakeOut(keep: 0)).ToArray())
        {
            Shelve(item);
        }

        return _openItems == 0;
    }

    private void NextPass()
    {
        _cursor = -1;
        _allClaimed = false;
        _shelved = false;
        _startedInPass = 0;
        foreach (var idle in _turns.Where(lane => lane is { Refused: null, Backlog: 0, InFlight: 0 }).ToArray())
        {
            // A lane that has nothing left must not look hungry: memory would be cleared for it again and again.
            _turns.Remove(idle);
            _lanes.Remove(idle.Name);
        }

        _nextTurn = 0;
        Tell(Tick.Now);
    }
}
