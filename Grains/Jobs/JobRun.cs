using System.Globalization;
using System.Threading.Channels;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>
/// The pump of one job under one epoch: claims chunks, keeps a bounded number of items in flight in every lane, hands outcomes to the committer and tells what happens.
/// <para>
/// One loop owns all state and learns everything through its mailbox; claiming, planning, committing, ticking and the items themselves run beside it and only send
/// signals. Two stops: <see cref="StopAsync"/> ends claiming at once and, when patience is over, working too; an item given up so stays pending. The pump has come to its
/// end when all who worked beside the loop have: nothing of it runs on beside the next one.
/// </para>
/// </summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The token sources have no timers; whoever stops the pump may still hold them when it has ended.")]
internal sealed partial class JobRun : IJobPump
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PutOff = TimeSpan.FromMilliseconds(500);
    private const int ClaimChunks = 8; // 4,000 items a query: at 20,000 items/s five queries a second

    private readonly JobEngine _engine;
    private readonly OwnedJob _job;
    private readonly IWorkload _workload;
    private readonly IWorkloadRun _work;
    private readonly ChunkStore _chunks;
    private readonly Committer _committer;
    private readonly JobFeed _feed;
    private readonly Channel<JobRunSignal> _mailbox = Channel.CreateUnbounded<JobRunSignal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stopWorking = new(); // gives up items in flight, and ends all who work beside the loop but the committer
    private readonly CancellationTokenSource _hurry = new(); // commits wait for nobody
    private readonly CancellationTokenSource _stopCommitting = new(); // gives up even outcomes that are known
    private readonly Task<RunEnd> _ended;

    // Everything below belongs to the loop.
    private readonly Dictionary<string, Lane> _lanes = new(StringComparer.Ordinal);
    private readonly List<Lane> _turns = [];
    private readonly Dictionary<int, Chunk> _open = [];
    private readonly ProgressMeter _meter;
    private readonly JobSampler _sampler;
    private readonly Dictionary<string, long> _failureShown = new(StringComparer.Ordinal);
    private int _nextTurn;
    private int _openItems;
    private int _inFlight;
    private int _slots;
    private int _uncommitted;
    private int _cursor = -1;
    private bool _claiming;
    private Task _claim = Task.CompletedTask; // the claim that was begun last
    private bool _allClaimed; // no chunk behind the cursor has pending items, as far as is known
    private bool _shelved; // some items were put back and wait for another pass
    private int _startedInPass;
    private int _emptyPasses;
    private bool _moreCame; // since the claim under way began
    private bool _stopping;
    private JobStatus? _shownAs; // while stopping: what the job is already
    private bool _planDone;
    private long _planned;
    private long? _expected;
    private long _succeeded;
    private long _failed;
    private long _skipped;
    private CallCost _cost = CallCost.None;
    private long _version;
    private long _settled;
    private long _settledAtPutBack = -1;
    private RunEnd? _because;

    private JobRun(JobEngine engine, OwnedJob job, IWorkload workload, JobFeed feed)
    {
        _engine = engine;
        _job = job;
        _workload = workload;
        _feed = feed;
        _work = workload.Start(new JobTicket(job.Row.Id, job.Spec, job.Row.Mode, job.Row.MaxConcurrency) { Epoch = job.Row.Epoch, AdvanceAsync = AdvanceAsync, Tell = feed.Publish, IsWatched = () => feed.Watchers > 0 });
        _chunks = new ChunkStore(engine.Database, job.Row.Id, job.Row.Epoch, job.Row.CommitNo, workload.IsBackground ? engine.Background : null, _hurry.Token);
        _committer = new Committer(_chunks, _work, engine.Options, engine.Time, engine.Log, job.Row.Id);
        _meter = new ProgressMeter(engine.Options.StallAfter);
        _sampler = new JobSampler(_chunks, engine.Time);
        (_planDone, _planned, _expected) = (job.Row.PlanDone, job.Row.Planned, job.Row.Expected);
        (_succeeded, _failed, _skipped) = (job.Row.Succeeded, job.Row.Failed, job.Row.Skipped);
        Latest = job.Row.ToProgress(engine.Time.GetUtcNow());
        _ended = Task.Run(RunAsync);
    }

    /// <summary>The newest snapshot. Written by the loop, read by anybody.</summary>
    public JobProgress Latest { get; private set; }

    /// <summary>Completes when the pump has come to its end; never faults.</summary>
    public Task<RunEnd> Ended => _ended;

    /// <summary>Starts a pump for a job that was just taken over.</summary>
    public static JobRun Start(JobEngine engine, OwnedJob job, IWorkload workload, JobFeed feed) => new(engine, job, workload, feed);

    /// <summary>Claims nothing more; ends when what is in flight is done and committed.</summary>
    /// <param name="shownAs">What the job is by now, for those who watch.</param>
    public void StopSoftly(JobStatus? shownAs) => Tell(new StopClaiming(shownAs));

    /// <summary>Claims nothing more, waits for what is in flight, commits it and ends.</summary>
    /// <param name="patience">How long items in flight are waited for; then they are given up and stay pending.</param>
    public async Task<RunEnd> StopAsync(TimeSpan patience)
    {
        StopSoftly(null);
        await Task.WhenAny(_ended, Task.Delay(patience, _engine.Time));
        if (!_ended.IsCompleted)
        {
            await _stopWorking.CancelAsync();
        }

        return await _ended;
    }

    private async Task<RunEnd> RunAsync()
    {
        _engine.Metrics.Started(_job.Row.Id, _workload.Name);
        JobRunLog.Started(_engine.Log, _job.Row.Id, _workload.Name, _job.Row.Epoch, _planDone ? "planned" : "planning");
        await using var wakeUp = _stopWorking.Token.Register(() => Tell(Tick.Now));
        var committing = Guard(CommitAsync);
        var planning = _planDone ? Task.CompletedTask : Guard(() => PlanAsync(_stopWorking.Token));
        var ticking = Guard(() => TickAsync(_stopWorking.Token));
        try
        {
            await LoopAsync();
        }
        catch (OperationCanceledException) when (_stopWorking.IsCancellationRequested)
        {
            // given up while it was completing the job: whether that was done, the row tells
        }
        catch (Exception error)
        {
            JobRunLog.Broken(_engine.Log, error, _job.Row.Id);
            _because = new RunFailed($"internal error: {error.Message}");
        }

        await _stopWorking.CancelAsync();
        await _hurry.CancelAsync();
        _committer.Close();
        var patience = Task.Delay(_engine.Options.Patience, _engine.Time);
        await Task.WhenAny(committing, patience);
        await _stopCommitting.CancelAsync();
        await Task.WhenAll(committing, planning, ticking, _claim);
        await LeaveItemsAsync(patience);
        await LeaveWorkAsync();
        var end = await EndAsync();
        Publish(end);
        await _sampler.FlushAsync(Sample(), CancellationToken.None);
        JobRunLog.Ended(_engine.Log, _job.Row.Id, end, _succeeded, _failed, _skipped);
        _engine.Metrics.Ended(_job.Row.Id);
        return end;
    }

    /// <summary>Waits until the items that were given up have noticed it. What they come to is forgotten; what was committed is counted.</summary>
    private async Task LeaveItemsAsync(Task patience)
    {
        do
        {
            while (_mailbox.Reader.TryRead(out var signal))
            {
                switch (signal)
                {
                    case ItemDone done:
                        Leave(done.Lane);
                        break;
                    case BatchCommitted committed:
                        Committed(committed);
                        break;
                }
            }
        }
        while (_inFlight > 0 && await Task.WhenAny(_mailbox.Reader.WaitToReadAsync().AsTask(), patience) != patience);

        if (_inFlight > 0)
        {
            JobRunLog.Unheeded(_engine.Log, _job.Row.Id, _inFlight);
        }
    }

    /// <summary>Lets the workload end what it does for the job beside its items, before anybody hears that the pump has ended.</summary>
    private async Task LeaveWorkAsync()
    {
        if (_work is not IAsyncDisposable work)
        {
            return;
        }

        try
        {
            await work.DisposeAsync().AsTask().WaitAsync(_engine.Options.Patience, _engine.Time);
        }
        catch (Exception error)
        {
            JobRunLog.NotLeft(_engine.Log, error, _job.Row.Id, _workload.Name); // the job's end is not the workload's to keep back
        }
    }

    /// <summary>Writes the end into the job's row. What the database says there is what has become of the job.</summary>
    private async Task<RunEnd> EndAsync()
    {
        if (_because is not RunFailed failed)
        {
            return _because ?? new RunStopped();
        }

        try
        {
            return await new JobOwnership(_engine.Database).FailAsync(_job.Row.Id, _job.Row.Epoch, failed.Reason, CancellationToken.None) ? failed : new RunStopped();
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            JobRunLog.Broken(_engine.Log, error, _job.Row.Id);
            return new RunStopped(); // without a heartbeat the job is taken over and comes to the same end again, unless the row has it already: then the grain finds it there
        }
    }

    private async Task LoopAsync()
    {
        while (_because is null)
        {
            while (_mailbox.Reader.TryRead(out var signal))
            {
                Handle(signal);
            }

            if (_because is not null)
            {
                return;
            }

            Dispatch();
            StartClaim();
            if (_inFlight == 0 && _openItems - _uncommitted <= DeferredItems())
            {
                _committer.Flush();
            }

            if (_stopping ? _inFlight == 0 || _stopWorking.IsCancellationRequested : await IsOverAsync())
            {
                _because ??= new RunStopped();
                return;
            }

            if (!_mailbox.Reader.TryPeek(out _))
            {
                await _mailbox.Reader.WaitToReadAsync();
            }
        }
    }

    private void Handle(JobRunSignal signal)
    {
        switch (signal)
        {
            case ItemDone done:
                Settle(done);
                break;
            case ChunksClaimed claimed:
                Admit(claimed);
                break;
            case ClaimPutOff:
                _claiming = false;
                break;
            case BatchCommitted committed:
                Committed(committed);
                break;
            case PlanAdvanced plan:
                HasPlanned(plan.Planned);
                (_expected, _planDone) = (plan.Expected ?? _expected, plan.Done || _planDone);
                (_allClaimed, _moreCame) = (false, true);
                break;
            case WorkerEnded ended:
                _because ??= ended.Because;
                break;
            case StopClaiming stop:
                (_stopping, _shownAs) = (true, stop.ShownAs ?? _shownAs);
                _hurry.Cancel();
                break;
            case Tick:
                OnTick();
                break;
        }
    }

    /// <summary>Starts items while there is room: in the lanes in turn, within the job's concurrency, and as long as the committer keeps up.</summary>
    private void Dispatch()
    {
        if (_stopping || _turns.Count == 0)
        {
            return;
        }

        var busy = _turns.Count(lane => lane.Ready.Count > 0 || lane.InFlight > 0);
        var most = _engine.Foreground.Of(_job.Row.MaxConcurrency);
        var fair = Math.Max(1, most / Math.Max(1, busy));
        var idle = 0;
        while (idle < _turns.Count && _uncommitted < _engine.Options.MaxUncommitted)
        {
            var lane = _turns[_nextTurn];
            _nextTurn = (_nextTurn + 1) % _turns.Count;
            // A lane's gate knows only its own calls: with others busy, nobody but the pump can hold the job to its concurrency.
            var started = busy > 1 ? StartOne(lane, most, fair, inLine: 0) : StartOne(lane, most, most, most < _job.Row.MaxConcurrency ? 0 : lane.Room.InLine);
            idle = started ? 0 : idle + 1;
        }
    }

    private bool StartOne(Lane lane, int most, int fair, int inLine)
    {
        if (lane.Ready.Count == 0 || lane.InFlight >= (Math.Min(lane.Room.Calls, fair) * lane.Room.ItemsPerCall) + inLine)
        {
            return false;
        }

        var opensSlot = lane.InFlight % lane.Room.ItemsPerCall == 0;
        if (opensSlot && _slots >= most + inLine)
        {
            return false;
        }

        _slots -= lane.Slots;
        lane.InFlight++;
        _slots += lane.Slots;
        _inFlight++;
        _startedInPass++;
        _ = RunItemAsync(lane.Ready.Dequeue(), lane); // counted in flight; ends with its signal, and never faults
        return true;
    }

    private async Task RunItemAsync(Item item, Lane lane)
    {
        ItemOutcome outcome;
        try
        {
            outcome = await _work.RunAsync(item, _stopWorking.Token);
        }
        catch (OperationCanceledException) when (_stopWorking.IsCancellationRequested)
        {
            outcome = new ItemDeferred(TimeSpan.Zero, "stopped", item.Attempts);
        }
        catch (Exception error) when (GrainFaults.MayHaveRun(error) || Database.IsAway(error))
        {
            outcome = new ItemDeferred(TimeSpan.FromSeconds(1), error.Message, item.Attempts);
        }
        catch (Exception error)
        {
            JobRunLog.ItemBroken(_engine.Log, error, _job.Row.Id, item.Ordinal, item.Key);
            outcome = new ItemFailed($"internal error: {error.GetType().Name}", error.Message, item.Attempts + 1);
        }

        Tell(new ItemDone(item, lane, outcome));
    }

    /// <summary>Called by the workload, on any thread, while the item runs.</summary>
    private async Task AdvanceAsync(Item item, ItemAdvanced advanced, CancellationToken cancellationToken)
    {
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _committer.PostNow(new ItemResult(item, advanced, _engine.Time.GetUtcNow()) { Committed = committed });
        await Task.WhenAny(committed.Task, _ended).WaitAsync(cancellationToken);
        if (!committed.Task.IsCompleted)
        {
            throw new OperationCanceledException($"The pump of job {_job.Row.Id} ended before a part of item {item.Ordinal} was committed.");
        }
    }

    /// <summary>The one place where an item's outcome is interpreted.</summary>
    private void Settle(ItemDone done)
    {
        var (item, lane, outcome) = done;
        Leave(lane);
        switch (outcome)
        {
            case ItemDeferred deferred:
                item.Attempts = deferred.Attempts;
                item.WaitsForOthers = deferred.ForOthers;
                // A call was made and will be made again.
                Spend(deferred.Cost.Calls > 0 ? deferred.Cost with { Retries = deferred.Cost.Retries + 1 } : deferred.Cost);
                if (_stopping || lane.Refused is not null)
                {
                    Shelve(item);
                }
                else
                {
                    lane.Defer(item, Now() + deferred.After.Ticks, deferred.Reason);
                }

                break;
            case ItemRefused refused:
                Spend(refused.Cost);
                Refuse(lane, refused.Reason);
                Shelve(item);
                break;
            default:
                Finish(item, lane, outcome);
                break;
        }
    }

    /// <summary>One of the lane's items is in flight no longer.</summary>
    private void Leave(Lane lane)
    {
        _slots -= lane.Slots;
        lane.InFlight--;
        _slots += lane.Slots;
        _inFlight--;
    }

    private void Finish(Item item, Lane? lane, ItemOutcome outcome)
    {
        _cost += outcome.Cost;
        _sampler.Spend(outcome.Cost);
        _uncommitted++;
        _committer.Post(new ItemResult(item, outcome, _engine.Time.GetUtcNow()));
        if (outcome is ItemFailed failed)
        {
            Show(item, failed);
        }

        if (lane is not null)
        {
            lane.GarbledInRow = outcome is ItemFailed { Garbled: true } ? lane.GarbledInRow + 1 : 0;
            if (lane.GarbledInRow >= _engine.Options.GarbledInRow)
            {
                Refuse(lane, $"{lane.Name} answered {lane.GarbledInRow} times in a row with what cannot be data ({((ItemFailed)outcome).Message}). Its interface may have changed: see the failures, then resume.");
            }
        }

        if (++_settled % 100 == 0)
        {
            JobRunLog.Hundred(_engine.Log, _job.Row.Id, _settled, _inFlight, _uncommitted);
        }
    }

    /// <summary>The cost of an ask without an outcome goes into the next commit.</summary>
    private void Spend(CallCost cost)
    {
        _cost += cost;
        _sampler.Spend(cost);
        _committer.Book(cost);
    }

    /// <summary>No item of the lane can succeed: those that wait go back, to be found when the job is resumed.</summary>
    private void Refuse(Lane lane, string reason)
    {
        if (lane.Refused is null)
        {
            lane.Refused = reason;
            JobRunLog.Refused(_engine.Log, _job.Row.Id, lane.Name, reason);
            foreach (var item in lane.TakeOut(keep: 0))
            {
                Shelve(item);
            }
        }
    }

    /// <summary>Forgets an item; it is pending in the database, and another pass may find it there.</summary>
    private void Shelve(Item item)
    {
        _shelved = true;
        _work.PutBack(item);
        Release(item.Chunk);
    }

    private void Release(Chunk chunk)
    {
        _openItems--;
        if (--chunk.Open == 0)
        {
            _open.Remove(chunk.No);
        }
    }

    private void Committed(BatchCommitted committed)
    {
        var batch = committed.Batch;
        _sampler.Committed(batch.Succeeded, batch.Failed, batch.Skipped, committed.Took);
        _engine.Metrics.Committed(_workload.Name, batch.Succeeded, batch.Failed, batch.Skipped, committed.Took);
        _uncommitted -= batch.Finished;
        _succeeded += batch.Succeeded;
        _failed += batch.Failed;
        _skipped += batch.Skipped;
        foreach (var result in batch.Results)
        {
            if (result.IsFinal)
            {
                Release(result.Item.Chunk);
            }

            result.Committed?.TrySetResult();
        }

        if (batch.Spawned.Count > 0)
        {
            HasPlanned(committed.Planned);
            (_allClaimed, _moreCame) = (false, true);
        }
    }

    /// <summary>So many items the job had after a statement that brought some. It only grows, so whichever statement is heard of last, the highest count is the newest.</summary>
    private void HasPlanned(long planned) => _planned = Math.Max(_planned, planned);

    private Lane LaneOf(Item item)
    {
        var name = _work.LaneOf(item);
        if (!_lanes.TryGetValue(name, out var lane))
        {
            _lanes.Add(name, lane = new Lane(name) { Room = _work.RoomOf(name) });
            _turns.Add(lane);
        }

        return lane;
    }

    private long Now() => _engine.Time.GetTimestamp() / (_engine.Time.TimestampFrequency / TimeSpan.TicksPerSecond);

    private int DeferredItems() => _turns.Sum(lane => lane.DeferredCount);

    private void Tell(JobRunSignal signal) => _mailbox.Writer.TryWrite(signal);

    /// <summary>Runs a worker of the pump; its end by error is the pump's end.</summary>
    private async Task Guard(Func<Task> worker)
    {
        try
        {
            await worker();
        }
        catch (EpochFencedException fenced)
        {
            JobRunLog.Lost(_engine.Log, _job.Row.Id, fenced.Message);
            Tell(new WorkerEnded(new RunLost()));
        }
        catch (OperationCanceledException) when (_because is not null || _stopping || _stopWorking.IsCancellationRequested || _stopCommitting.IsCancellationRequested)
        {
            // told to
        }
        catch (Exception error)
        {
            JobRunLog.Broken(_engine.Log, error, _job.Row.Id);
            Tell(new WorkerEnded(new RunFailed($"internal error: {error.Message}")));
        }
    }

    private Task CommitAsync() => _committer.RunAsync((batch, planned, took) => Tell(new BatchCommitted(batch, planned, took)), _stopCommitting.Token);

    /// <summary>Nobody waits for the job, and people are there.</summary>
    private bool IsHeld => _workload.IsBackground && _engine.Background.IsHeld;

    private string? BoundBy()
    {
        if (_uncommitted >= _engine.Options.MaxUncommitted)
        {
            return "the database: outcomes wait to be committed";
        }

        if (_engine.Foreground.Share < 1)
        {
            return JobEngine.PeopleFirst;
        }

        // The lane that will be done last is what bounds the job.
        var slowest = _turns.Where(lane => lane.Refused is null && lane.Backlog + lane.InFlight > 0)
            .OrderByDescending(lane => lane.Room.ItemsPerSecond is { } rate ? (lane.Backlog + lane.InFlight) / rate : lane.InFlight > 0 ? 0.001 : 0)
            .FirstOrDefault();
        if (slowest is null)
        {
            return _planDone ? null : IsHeld ? JobEngine.PeopleAreHere : "planning";
        }

        return slowest.Room.BoundBy
            ?? (slowest is { InFlight: 0, Ready.Count: 0, DeferredBecause: { } because } ? because : null)
            ?? (IsHeld ? JobEngine.PeopleAreHere : null) // an upstream's limit, where there is one, is lower still
            ?? (_slots >= _job.Row.MaxConcurrency ? string.Create(CultureInfo.InvariantCulture, $"the job's {_job.Row.MaxConcurrency} calls at once") : null);
    }
}
