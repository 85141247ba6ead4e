namespace Orleans.Runtime;

/// <summary>A timer is a call that an activation makes to itself again and again; the next tick is set only when one has ended.</summary>
internal sealed class GrainTimer : GrainCall, IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _disposed = new();
    private readonly ITimer _timer;

    // Guarded by _settings.
    private readonly Lock _settings = new();
    private TimeSpan _next, _period;
    private bool _ticking;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        : base(CallTraits.Bound | (options.Interleave ? CallTraits.Interleaves : 0) | (options.KeepAlive ? CallTraits.KeepsAlive : 0))
    {
        (_activation, _callback) = (activation, callback);
        using (ExecutionContext.SuppressFlow())
            _timer = activation.Silo.Clock.CreateTimer(static self => ((GrainTimer)self!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override bool IsCompleted => _disposed.IsCancellationRequested;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        lock (_settings)
        {
            (_next, _period) = (dueTime, period);
            if (!_ticking) _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
        }
    }

    public override async Task RunAsync()
    {
        try
        {
            if (!IsCompleted) await _callback(_disposed.Token);
        }
        catch (Exception e)
        {
            // A tick has no caller to tell; the timer goes on.
            if (!(e is OperationCanceledException && IsCompleted)) _activation.Silo.LogTimerFailed(e, _activation.Id);
        }
        _activation.OnEnded(this, null);
        lock (_settings)
        {
            _ticking = false;
            if (!IsCompleted) _timer.Change(_next, Timeout.InfiniteTimeSpan);
        }
    }

    public override bool TryFail(Exception exception) => false;

    public void Dispose()
    {
        _disposed.Cancel();
        lock (_settings) _timer.Dispose();
        _activation.Remove(this);
    }

    /// <summary>On the clock's thread. An activation that is ending takes no tick, so none can bring a grain back.</summary>
    private void Tick()
    {
        lock (_settings)
        {
            if (_ticking || IsCompleted) return;
            (_ticking, _next) = (true, _period);
        }
        _activation.TryReceive(this);
    }
}
