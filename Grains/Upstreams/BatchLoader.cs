namespace OrleansBulk.Upstreams;

/// <summary>
/// Joins what is waiting for one upstream into calls that ask for many at once. Keys of different flows share a call, taken in turn;
/// a call goes out when it is full, or a moment after its first key when no more come.
/// </summary>
/// <typeparam name="TKey">What is asked for.</typeparam>
public sealed class BatchLoader<TKey> : IAsyncDisposable
{
    private readonly int _size;
    private readonly TimeSpan _linger;
    private readonly TimeProvider _time;
    private readonly Func<IReadOnlyList<TKey>, CallBudget, CancellationToken, Task<IReadOnlyList<CallResult>>> _load;
    private readonly Lock _sync = new();
    private readonly Dictionary<string, Queue<Waiting>> _flows = new(StringComparer.Ordinal);
    private readonly Queue<string> _turns = new();
    private readonly HashSet<Task> _calls = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly int _callsAtOnce;
    private int _waiting;
    private ITimer? _timer;
    private bool _due;
    private bool _stopping;

    /// <param name="size">Keys a call takes at most.</param>
    /// <param name="callsAtOnce">Calls that may be out or waiting at the gate; more would only be small ones.</param>
    /// <param name="linger">How long the first key waits for company.</param>
    /// <param name="load">Asks for the keys; answers one result per key, in their order.</param>
    public BatchLoader(
        int size,
        int callsAtOnce,
        TimeSpan linger,
        TimeProvider time,
        Func<IReadOnlyList<TKey>, CallBudget, CancellationToken, Task<IReadOnlyList<CallResult>>> load)
    {
        _size = size;
        _callsAtOnce = callsAtOnce;
        _linger = linger;
        _time = time;
        _load = load;
    }

    /// <summary>Asks for one key; the answer comes with the call that takes it. The call is paid by its first key, the others were spared one.</summary>
    public Task<CallResult> LoadAsync(TKey key, CallBudget budget)
    {
        var waiting = new Waiting(key, budget, _time.GetTimestamp());
        lock (_sync)
        {
            if (_stopping)
            {
                return Task.FromResult<CallResult>(waiting.Stopped());
            }

            if (!_flows.TryGetValue(budget.Flow.Name, out var queue))
            {
                _flows.Add(budget.Flow.Name, queue = new Queue<Waiting>());
                _turns.Enqueue(budget.Flow.Name);
            }

            queue.Enqueue(waiting);
            _waiting++;
            if (_waiting == 1)
            {
                _due = false;
                _timer ??= _time.CreateTimer(_ => Due(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(_linger, Timeout.InfiniteTimeSpan);
            }

            Start();
        }

        return waiting.Task;
    }

    public async ValueTask DisposeAsync()
    {
        Task[] calls;
        lock (_sync)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
            calls = [.. _calls];
            foreach (var waiting in _flows.Values.SelectMany(queue => queue))
            {
                waiting.TrySetResult(waiting.Stopped());
            }

            _flows.Clear();
        }

        await _stop.CancelAsync();
        await Task.WhenAll(calls);
        _timer?.Dispose();
        _stop.Dispose();
    }

    private void Due()
    {
        lock (_sync)
        {
            _due = true;
            Start();
        }
    }

    private void Start()
    {
        while (_calls.Count < _callsAtOnce && !_stopping && (_waiting >= _size || (_due && _waiting > 0)))
        {
            var batch = Take();
            var call = CallAsync(batch);
            if (!call.IsCompleted)
            {
                _calls.Add(call);
                call.ContinueWith(Ended, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private void Ended(Task call)
    {
        lock (_sync)
        {
            _calls.Remove(call);
            _due |= _waiting > 0; // who waited through a whole call has lingered long enough
            Start();
        }
    }

    /// <summary>One key of each flow in turn until the call is full.</summary>
    private List<Waiting> Take()
    {
        var batch = new List<Waiting>(Math.Min(_size, _waiting));
        while (batch.Count < _size && _turns.TryDequeue(out var flow))
        {
            var queue = _flows[flow];
            batch.Add(queue.Dequeue());
            _waiting--;
            if (queue.Count > 0)
            {
                _turns.Enqueue(flow);
            }
            else
            {
                _flows.Remove(flow);
            }
        }

        return batch;
    }

    private async Task CallAsync(List<Waiting> batch)
    {
        await Task.Yield(); // off the lock
        try
        {
            var keys = batch.ConvertAll(waiting => waiting.Key);
            var budget = Budget(batch);
            var results = await _load(keys, budget, _stop.Token);
            if (results.Count != batch.Count)
            {
                throw new InvalidOperationException($"A load of {batch.Count} keys answered {results.Count} results; it must answer one per key, in their order.");
            }

            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Answer(results[i], budget, first: i == 0, _time.GetElapsedTime(batch[i].Since));
            }
        }
        catch (OperationCanceledException) when (_stopping)
        {
            batch.ForEach(waiting => waiting.TrySetResult(waiting.Stopped()));
        }
        catch (Exception error)
        {
            batch.ForEach(waiting => waiting.TrySetException(error));
        }
    }

    /// <summary>A call waits no longer than its most patient key has left, and is somebody's who waits if one of them is.</summary>
    private CallBudget Budget(List<Waiting> batch)
    {
        var left = batch.Max(waiting => waiting.Budget.WaitAtMost - _time.GetElapsedTime(waiting.Since));
        var flow = batch.Exists(waiting => waiting.Budget.Flow.Name == FlowTicket.Interactive) ? CallBudget.Interactive.Flow : batch[0].Budget.Flow with { Concurrency = 0 };
        return new CallBudget(flow, left > TimeSpan.Zero ? left : TimeSpan.Zero, batch.Min(waiting => waiting.Budget.AttemptsSpent));
    }

    private sealed class Waiting(TKey key, CallBudget budget, long since) : TaskCompletionSource<CallResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TKey Key { get; } = key;

        public CallBudget Budget { get; } = budget;

        public long Since { get; } = since;

        public CallDeferred Stopped() => new CallDeferred(TimeSpan.FromSeconds(1), "this silo is stopping") { Attempts = Budget.AttemptsSpent };

        /// <param name="call">What the call was told of: its tries count on from there, this key's from its own.</param>
        public void Answer(CallResult result, CallBudget call, bool first, TimeSpan waited)
        {
            var paid = result.Cost;
            var spared = paid.Calls > 0 && result is not CallDeferred ? 1 : 0; // put off is not answered: nothing was spared yet
            var shared = new CallCost(0, spared, 0, paid.Calling, Max(waited - paid.Calling - paid.Backoff - paid.Parked), paid.Backoff, paid.Parked);
            TrySetResult(result with { Attempts = Budget.AttemptsSpent + Math.Max(0, result.Attempts - call.AttemptsSpent), Cost = first ? shared with { Calls = paid.Calls, Avoided = 0, Retries = paid.Retries } : shared });
        }

        private static TimeSpan Max(TimeSpan span) => span > TimeSpan.Zero ? span : TimeSpan.Zero;
    }
}
