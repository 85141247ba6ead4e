using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>
/// Takes results from the pump and commits them in batches, one after the other: as soon as enough are there, a moment after the first, or at once when the pump has
/// nothing else to do. While the database is away it holds its batch and tries again; the pump stops starting items meanwhile.
/// </summary>
internal sealed partial class Committer(ChunkStore chunks, IWorkloadRun workload, JobOptions options, TimeProvider time, ILogger log, Guid jobId)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Lock _sync = new();
    private readonly Queue<ItemResult> _waiting = new(); // the pump writes, the loop reads; under the lock
    private CallCost _unbooked = CallCost.None; // under the lock
    private bool _flush; // under the lock
    private bool _closed; // under the lock
    private TaskCompletionSource _some = New(); // something is there to be done; under the lock
    private TaskCompletionSource _enough = New(); // no reason to linger; under the lock

    /// <summary>Adds a final outcome.</summary>
    public void Post(ItemResult result)
    {
        lock (_sync)
        {
            _waiting.Enqueue(result);
            _some.TrySetResult();
            if (_waiting.Count >= options.CommitItems)
            {
                _enough.TrySetResult();
            }
        }
    }

    /// <summary>Adds a part of an item's result, for which somebody waits: it goes with the next commit, and that does not linger.</summary>
    public void PostNow(ItemResult result)
    {
        lock (_sync)
        {
            _waiting.Enqueue(result);
            _flush = true;
            _some.TrySetResult();
            _enough.TrySetResult();
        }
    }

    /// <summary>Adds the cost of an ask that led to no outcome yet; it is booked with the next commit.</summary>
    public void Book(CallCost cost)
    {
        lock (_sync)
        {
            _unbooked += cost;
        }
    }

    /// <summary>Nothing else is to come soon: do not linger.</summary>
    public void Flush()
    {
        lock (_sync)
        {
            if (_waiting.Count > 0)
            {
                _flush = true;
                _enough.TrySetResult();
            }
        }
    }

    /// <summary>Nothing more will be posted: commit what is there, then end.</summary>
    public void Close()
    {
        lock (_sync)
        {
            _closed = true;
            _some.TrySetResult();
            _enough.TrySetResult();
        }
    }

    /// <summary>Commits until closed and empty.</summary>
    /// <param name="committed">Told after each commit, with how many items the job has since, and the time it took.</param>
    /// <param name="giveUp">Ends even a batch that cannot be written; its items stay pending in the database.</param>
    /// <exception cref="EpochFencedException">The job has another owner.</exception>
    public async Task RunAsync(Action<CommitBatch, long, TimeSpan> committed, CancellationToken giveUp)
    {
        while (await NextAsync(giveUp) is { } batch)
        {
            var started = time.GetTimestamp();
            var planned = await CommitAsync(batch, giveUp);
            workload.Committed(batch.Results);
            committed(batch, planned, time.GetElapsedTime(started));
        }
    }

    private async Task<CommitBatch?> NextAsync(CancellationToken giveUp)
    {
        Task some;
        lock (_sync)
        {
            some = _some.Task;
        }

        await some.WaitAsync(giveUp);
        await LingerAsync(giveUp);
        lock (_sync)
        {
            if (_waiting.Count == 0 && _closed && _unbooked == CallCost.None)
            {
                return null;
            }

            var results = new List<ItemResult>(Math.Min(_waiting.Count, options.CommitItems));
            while (results.Count < options.CommitItems && _waiting.TryDequeue(out var result))
            {
                results.Add(result);
            }

            var unbooked = _unbooked;
            _unbooked = CallCost.None;
            _flush &= _waiting.Count > 0;
            if (_waiting.Count == 0 && !_closed)
            {
                _some = New();
            }

            if (_waiting.Count < options.CommitItems && !_flush && !_closed)
            {
                _enough = New();
            }

            return CommitBatch.Of(results, unbooked);
        }
    }

    private async Task LingerAsync(CancellationToken giveUp)
    {
        Task enough;
        lock (_sync)
        {
            enough = _enough.Task;
        }

        if (!enough.IsCompleted && options.CommitLinger > TimeSpan.Zero)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(giveUp);
            await Task.WhenAny(enough, Task.Delay(options.CommitLinger, time, over.Token));
            await over.CancelAsync();
        }
    }

    private async Task<long> CommitAsync(CommitBatch batch, CancellationToken giveUp)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await chunks.CommitAsync(batch, workload, giveUp);
            }
            catch (Exception error) when (Database.IsAway(error) && !giveUp.IsCancellationRequested)
            {
                LogAway(error, jobId, batch.Results.Count, pause.TotalMilliseconds);
                await Task.Delay(pause, time, giveUp);
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId}: the database is away; {Items} results are held and written again in {Milliseconds:0} ms.")]
    private partial void LogAway(Exception error, Guid jobId, int items, double milliseconds);
}
