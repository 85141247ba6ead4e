namespace OrleansBulk.Upstreams;

/// <summary>
/// Holds the calls of this silo to one upstream within its limits: calls at once (adapted below the ceiling), calls per period, pauses that the upstream asked for,
/// the breaker, and this silo's share of the budget. Who must wait, waits here without spending an attempt; flows are served in turn.
/// <para>All state is under one lock, held for arithmetic only. Continuations of waiters run elsewhere.</para>
/// </summary>
internal sealed partial class UpstreamGate : IDisposable
{
    private const int WarmUp = 20; // good answers until the fastest of them is believed
    private const string Stopping = "this silo is stopping";
    private const string FlowIsFull = "this job has as many calls out as it may";

    /// <summary>Every event that can let a call go pumps; this is against what nobody thought of.</summary>
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(100);

    /// <summary>Where nothing says when to ask again; asking at once would go round in circles.</summary>
    private static readonly TimeSpan ShortestDeferral = TimeSpan.FromSeconds(1);

    /// <summary>Longer waits are this long: a deadline has to fit the clock.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(1);

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly CallWindow[] _windows;
    private readonly AdaptiveConcurrency _adaptive;
    private readonly Breaker _breaker;
    private readonly GateLine _line = new();
    private readonly CallRate _rate;

    private int _inFlight;
    private long _holdUntil = long.MinValue;
    private string? _holdReason;
    private int _throttledInRow;
    private long _calls;
    private long _throttled;
    private long _troubled;
    private TimeSpan? _latency;
    private TimeSpan _fastest = TimeSpan.MaxValue; // of the good answers
    private int _answers; // good ones
    private bool _closed;

    // The lease of the budget. Without leases (one gate owns the upstream) these never change.
    private int _ceiling; // calls at once over all silos: the configured ones, or fewer
    private int _leasedConcurrency;
    private long _leasedUntil = long.MaxValue;
    private TaskCompletionSource _demand = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="leased">Whether calls need a lease of the budget (<see cref="Apply"/>) before the first may go.</param>
    public UpstreamGate(UpstreamOptions options, TimeProvider time, ILogger log, bool leased)
    {
        Options = options;
        _time = time;
        _log = log;
        _origin = time.GetTimestamp();
        _windows = [.. options.Limits.Select(limit => new CallWindow(limit, Guard(limit)))];
        _adaptive = new AdaptiveConcurrency(options.Concurrency);
        _breaker = new Breaker(options.BreakerFailures, options.BreakerOpen, options.BreakerMaxOpen);
        _rate = new CallRate();
        _ceiling = options.Concurrency;
        _leasedConcurrency = leased ? 0 : options.Concurrency;
        _leasedUntil = leased ? long.MinValue : long.MaxValue;
        _timer = time.CreateTimer(_ => Pump(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public UpstreamOptions Options { get; }

    /// <summary>Told when the upstream wants to be left alone, so that other silos hear of it too. Called outside the lock.</summary>
    public Action<HoldOff>? HeldOff { get; set; }

    /// <summary>
    /// Waits for a permit, at most <paramref name="waitAtMost"/>. When it is clear at once that none will come in time, says so at once.
    /// </summary>
    public ValueTask<GateEntry> EnterAsync(FlowTicket ticket, TimeSpan waitAtMost, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<GateEntry>(cancellationToken);
        }

        lock (_sync)
        {
            if (_closed)
            {
                return ValueTask.FromResult(new GateEntry(null, TimeSpan.Zero, false, ShortestDeferral, Stopping));
            }

            var now = Now();
            var flow = _line.Flow(ticket);
            var obstacle = Obstacle(now);
            if (obstacle is null && _line.Count == 0 && flow.MayCall)
            {
                return ValueTask.FromResult(new GateEntry(Grant(flow, now), TimeSpan.Zero, false, TimeSpan.Zero, null));
            }

            if (obstacle is { Until: { } until } && until - now > waitAtMost.Ticks)
            {
                _line.Forget(flow);
                return ValueTask.FromResult(new GateEntry(null, TimeSpan.Zero, false, TimeSpan.FromTicks(until - now), Words(obstacle, now)));
            }

            var waiter = new GateWaiter(flow, now, now + Math.Min(waitAtMost.Ticks, Longest.Ticks), obstacle?.Parked ?? false);
            _line.Add(waiter);
            _demand.TrySetResult();
            PumpUnderLock(now);
            if (cancellationToken.CanBeCanceled && waiter.Place is not null)
            {
                // Runs at once, under this lock, when it was cancelled a moment ago.
                waiter.Cancellation = cancellationToken.UnsafeRegister((state, token) => GiveUp((GateWaiter)state!, token), waiter);
            }

            return new ValueTask<GateEntry>(waiter.Task);
        }
    }

    /// <summary>The upstream's own headers say that nothing is left until then.</summary>
    public void Hold(TimeSpan duration, string reason)
    {
        lock (_sync)
        {
            HoldUnderLock(Now(), duration, reason);
        }

        HeldOff?.Invoke(new HoldOff(duration, reason));
    }

    internal void Complete(Permit permit, CallVerdict verdict, TimeSpan? holdOff, string? reason)
    {
        HoldOff? heldOff = null;
        lock (_sync)
        {
            var now = Now();
            var took = TimeSpan.FromTicks(now - permit.GrantedAt);
            _inFlight--;
            permit.Flow.InFlight--;
            _line.Forget(permit.Flow);
            CorrectArrival(permit, verdict, now, took);
            switch (verdict)
            {
                case CallVerdict.Good:
                    _throttledInRow = 0;
                    _latency = _latency is { } average ? average + (took - average) / 16 : took;
                    _adaptive.Succeeded();
                    if (_breaker.Succeeded(permit.Probe))
                    {
                        _adaptive.Restart();
                        LogBreakerClosed(Options.Name);
                    }

                    break;
                case CallVerdict.Throttled:
                    _throttled++;
                    _throttledInRow++;
                    AbandonProbe(permit);
                    _adaptive.Struggled(now, took);
                    heldOff = new HoldOff(holdOff is { } said && said > TimeSpan.Zero ? said : Backoff(), reason ?? "too many calls");
                    HoldUnderLock(now, heldOff.For, heldOff.Reason);
                    LogThrottled(Options.Name, heldOff.For.TotalSeconds, heldOff.Reason);
                    break;
                case CallVerdict.Troubled:
                    _troubled++;
                    _adaptive.Struggled(now, took);
                    if (_breaker.Failed(now, permit.Probe, reason ?? "failed calls"))
                    {
                        LogBreakerOpened(Options.Name, TimeSpan.FromTicks(_breaker.OpenUntil - now).TotalSeconds, _breaker.Reason);
                    }

                    break;
                case CallVerdict.Blocked:
                    _troubled++;
                    _breaker.Blocked(now, holdOff ?? LongestBackoff, reason ?? "blocked");
                    LogBreakerOpened(Options.Name, TimeSpan.FromTicks(_breaker.OpenUntil - now).TotalSeconds, _breaker.Reason);
                    break;
                default:
                    AbandonProbe(permit);
                    break;
            }

            PumpUnderLock(now);
        }

        if (heldOff is not null)
        {
            HeldOff?.Invoke(heldOff);
        }
    }

    public GateView Look()
    {
        lock (_sync)
        {
            var now = Now();
            return new GateView
            {
                Upstream = Options.Name,
                InFlight = _inFlight,
                Waiting = _line.Count,
                Concurrency = Concurrency(now),
                Ceiling = _ceiling,
                LimitPerSecond = LimitPerSecond(),
                Breaker = _breaker.State switch { BreakerState.Closed => "closed", BreakerState.Open => "open", _ => "probing" },
                CallsPerSecond = _rate.PerSecond(now),
                Latency = _latency,
                BoundBy = Obstacle(now) is { } obstacle && (obstacle.Hard || _line.Count > 0 || _inFlight >= Concurrency(now)) ? Words(obstacle, now) : null,
                Calls = _calls,
                Throttled = _throttled,
                Troubled = _troubled,
            };
        }
    }

    /// <summary>More than <see cref="Look"/>, for whoever watches this gate; too much for every call.</summary>
    public GateDetails LookCloser()
    {
        lock (_sync)
        {
            var now = Now();
            var leased = now < _leasedUntil;
            return new GateDetails(
                leased ? _leasedConcurrency : 0,
                [.. _windows.Select(window => new CallLimitUse(window.Limit, leased ? window.Share : 0, window.Used(now)))],
                _line.Look(),
                _breaker.State is BreakerState.Closed ? null : _breaker.Reason,
                _breaker.State is BreakerState.Open && _breaker.OpenUntil > now ? TimeSpan.FromTicks(_breaker.OpenUntil - now) : null);
        }
    }

    /// <summary>Gives every waiter back its item: the silo stops.</summary>
    public void Close()
    {
        lock (_sync)
        {
            _closed = true;
            while (_line.TryAny(out var waiter))
            {
                waiter.Answer(Deferred(waiter, Now(), ShortestDeferral, Stopping));
            }

            _demand.TrySetResult();
        }
    }

    public void Dispose()
    {
        Close();
        _timer.Dispose();
    }

    private long Now() => _time.GetElapsedTime(_origin).Ticks;

    /// <summary>Against jitter between here and the upstream: a fiftieth of the period, 20 ms to 1 s.</summary>
    private static TimeSpan Guard(CallLimit limit) => TimeSpan.FromTicks(Math.Clamp(limit.Per.Ticks / 50, TimeSpan.TicksPerMillisecond * 20, TimeSpan.TicksPerSecond));

    private int Concurrency(long now) => now < _leasedUntil ? Math.Min(_adaptive.Limit, _leasedConcurrency) : 0;

    private double? LimitPerSecond()
    {
        double? slowest = null;
        foreach (var window in _windows)
        {
            slowest = slowest is { } known ? Math.Min(known, window.Limit.PerSecond) : window.Limit.PerSecond;
        }

        return slowest;
    }

    private Permit Grant(GateFlow flow, long now)
    {
        var numbers = _windows.Length == 0 ? [] : new long[_windows.Length];
        for (var i = 0; i < _windows.Length; i++)
        {
            numbers[i] = _windows[i].Grant(now);
        }

        _inFlight++;
        _calls++;
        flow.InFlight++;
        _rate.Count(now);
        return new Permit(this, flow, now, _breaker.Admitted(), numbers);
    }

    private void Pump()
    {
        lock (_sync)
        {
            if (!_closed)
            {
                PumpUnderLock(Now());
            }
        }
    }

    /// <summary>Grants what may go, defers who has waited long enough, and sets the timer for what comes next.</summary>
    private void PumpUnderLock(long now)
    {
        while (Obstacle(now) is null && _line.TryNext(out var waiter))
        {
            waiter.Answer(new GateEntry(Grant(waiter.Flow, now), TimeSpan.FromTicks(now - waiter.Since), waiter.Parked, TimeSpan.Zero, null));
        }

        if (_line.Count == 0)
        {
            return;
        }

        var obstacle = Obstacle(now);
        while (_line.TryOverdue(now, out var waiter))
        {
            var after = obstacle?.Until is { } until ? TimeSpan.FromTicks(until - now) : TimeSpan.Zero;
            waiter.Answer(Deferred(waiter, now, after > ShortestDeferral ? after : ShortestDeferral, obstacle is null ? FlowIsFull : Words(obstacle, now)));
        }

        if (_line.NextDeadline() is { } next)
        {
            next = Math.Min(next, obstacle?.Until ?? long.MaxValue);
            _timer.Change(TimeSpan.FromTicks(Math.Clamp(next - now, TimeSpan.TicksPerMillisecond, Sweep.Ticks)), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Who waits no longer leaves the line at once: it takes neither a permit nor a place in a window.</summary>
    private void GiveUp(GateWaiter waiter, CancellationToken token)
    {
        lock (_sync)
        {
            if (_line.Remove(waiter))
            {
                waiter.TrySetCanceled(token);
            }
        }
    }

    private void AbandonProbe(Permit permit)
    {
        if (permit.Probe)
        {
            _breaker.ProbeAbandoned();
        }
    }

    private static GateEntry Deferred(GateWaiter waiter, long now, TimeSpan after, string? reason) =>
        new(null, TimeSpan.FromTicks(Math.Max(0, now - waiter.Since)), waiter.Parked, after, reason);

    private void HoldUnderLock(long now, TimeSpan duration, string reason)
    {
        var until = now + Math.Min(duration.Ticks, Longest.Ticks);
        if (until > _holdUntil)
        {
            _holdUntil = until;
            _holdReason = reason;
        }
    }

    /// <summary>Too many calls, and not a useful word on when to come back: one period of the tightest limit, doubled each time in a row.</summary>
    private TimeSpan Backoff()
    {
        var first = Options.Limits.Count == 0 ? TimeSpan.FromSeconds(1) : Options.Limits.Min(limit => limit.Per);
        var wait = Math.Max(TimeSpan.TicksPerSecond, first.Ticks) << Math.Min(_throttledInRow - 1, 10);
        return TimeSpan.FromTicks(Math.Min(wait, LongestBackoff.Ticks));
    }

    /// <summary>
    /// Moves a call to the latest moment at which it can have arrived: as long before its answer as the fastest answer took. While few answers are known
    /// (a cold start makes all of them slow) the fastest tells nothing, and a call counts from its answer on.
    /// </summary>
    private void CorrectArrival(Permit permit, CallVerdict verdict, long now, TimeSpan took)
    {
        if (_windows.Length == 0)
        {
            return;
        }

        Correct(permit, _answers < WarmUp ? now : now - Math.Min(_fastest.Ticks, took.Ticks));
        if (verdict is CallVerdict.Good)
        {
            _answers++;
            _fastest = took < _fastest ? took : _fastest;
        }
    }

    private void Correct(Permit permit, long arrivedAtLatest)
    {
        for (var i = 0; i < _windows.Length; i++)
        {
            _windows[i].Correct(permit.Numbers[i], arrivedAtLatest);
        }
    }
}
