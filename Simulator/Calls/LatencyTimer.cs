using System.Diagnostics;

namespace OrleansBulk.Simulator.Calls;

/// <summary>
/// Wakes waiters at a deadline, 0 to 1 ms late. The timers of the runtime tick with the kernel's coarse clock: a delay of 50 ms measured
/// 46 to 57 ms with a mean of 52.2, which is more than a latency under test may be off. One thread sleeps until the next deadline.
/// With another clock than the system's, the clock's own timers are used.
/// </summary>
internal sealed class LatencyTimer : IDisposable
{
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();
    private readonly AutoResetEvent _sooner = new(false);
    private readonly Thread? _thread;
    private long _wakesAt = long.MaxValue;
    private volatile bool _stopped;

    public LatencyTimer(TimeProvider clock)
    {
        _clock = clock;
        if (clock != TimeProvider.System) return;
        _thread = new Thread(Run) { IsBackground = true, Name = "latency" };
        _thread.Start();
    }

    /// <param name="deadline">A timestamp of the clock.</param>
    public Task WaitUntilAsync(long deadline, CancellationToken cancellation)
    {
        var now = _clock.GetTimestamp();
        if (now >= deadline) return Task.CompletedTask;
        return _thread is null ? Task.Delay(_clock.GetElapsedTime(now, deadline), _clock, cancellation) : EnqueueAsync(deadline, cancellation);
    }

    public void Dispose()
    {
        _stopped = true;
        _sooner.Set();
        _thread?.Join();
        _sooner.Dispose();
    }

    private async Task EnqueueAsync(long deadline, CancellationToken cancellation)
    {
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool sooner;
        lock (_lock)
        {
            _waiting.Enqueue(waiter, deadline);
            sooner = deadline < _wakesAt;
            if (sooner) _wakesAt = deadline;
        }
        if (sooner) _sooner.Set();
        using var leaving = cancellation.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter);
        await waiter.Task;
    }

    private void Run()
    {
        var due = new List<TaskCompletionSource>();
        while (!_stopped)
        {
            var wait = Timeout.Infinite;
            lock (_lock)
            {
                var now = Stopwatch.GetTimestamp();
                while (_waiting.TryPeek(out var waiter, out var deadline))
                {
                    if (deadline > now)
                    {
                        // Rounded up: late by less than a millisecond, never early.
                        wait = (int)Math.Min(int.MaxValue, Math.Ceiling((deadline - now) * 1000.0 / Stopwatch.Frequency));
                        break;
                    }
                    due.Add(waiter);
                    _waiting.Dequeue();
                }
                _wakesAt = _waiting.TryPeek(out _, out var next) ? next : long.MaxValue;
            }
            foreach (var waiter in due) waiter.TrySetResult();
            due.Clear();
            _sooner.WaitOne(wait);
        }
    }
}
