namespace OrleansBulk.Tests.Support;

/// <summary>
/// A clock that stands still until a test moves it. Timers run on the thread that calls <see cref="Advance"/>, in the order in which they are due, each at its own moment.
/// </summary>
public sealed class ManualTime : TimeProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Lock _sync = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan Within, TimeSpan AtLeast, TaskCompletionSource Armed)> _watchers = [];
    private long _now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;
    private long _sequence;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _now), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves the clock and runs what is due until then, what that arms included.</summary>
    public void Advance(TimeSpan by)
    {
        var target = GetTimestamp() + by.Ticks;
        while (TakeDue(target) is { } timer)
        {
            timer.Run();
        }
    }

    /// <summary>Completes when a timer is armed that is due within so long from now, and not before <paramref name="atLeast"/>: somebody waits.</summary>
    public async Task TimerWithinAsync(TimeSpan within, TimeSpan atLeast = default)
    {
        var armed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sync)
        {
            if (_timers.Exists(timer => timer.Due <= _now + within.Ticks && timer.Due >= _now + atLeast.Ticks))
            {
                return;
            }

            _watchers.Add((within, atLeast, armed));
        }

        try
        {
            await armed.Task.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Nobody armed a timer that is due within {within} in {Patience.TotalSeconds} s.");
        }
    }

    /// <summary>The next timer that is due until then. Where there is none the clock stands at <paramref name="target"/>, in one step: nobody arms a timer in between, which would be due in the past.</summary>
    private ManualTimer? TakeDue(long target)
    {
        lock (_sync)
        {
            ManualTimer? next = null;
            foreach (var timer in _timers)
            {
                if (timer.Due <= target && (next is null || (timer.Due, timer.Sequence).CompareTo((next.Due, next.Sequence)) < 0))
                {
                    next = timer;
                }
            }

            _now = Math.Max(_now, next?.Due ?? target);
            if (next?.Period is { } period)
            {
                (next.Due, next.Sequence) = (_now + period, _sequence++);
            }
            else if (next is not null)
            {
                _timers.Remove(next);
            }

            return next;
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; set; }

        public long Sequence { get; set; }

        public long? Period { get; private set; }

        public void Run() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._sync)
            {
                time._timers.Remove(this);
                Period = period > TimeSpan.Zero ? period.Ticks : null;
                if (dueTime >= TimeSpan.Zero)
                {
                    (Due, Sequence) = (time._now + dueTime.Ticks, time._sequence++);
                    time._timers.Add(this);
                    foreach (var (_, _, armed) in time._watchers.Where(watcher => dueTime <= watcher.Within && dueTime >= watcher.AtLeast))
                    {
                        armed.TrySetResult();
                    }

                    time._watchers.RemoveAll(watcher => watcher.Armed.Task.IsCompleted);
                }
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
