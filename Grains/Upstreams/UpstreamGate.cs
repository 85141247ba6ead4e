using System.Globalization;
using System.Runtime.InteropServices;

namespace OrleansBulk.Upstreams;

/// <summary>
/// Holds the calls of this silo to one upstream within its limits: calls at once (adapted below the ceiling), calls per period, pauses that the upstream asked for,
/// the breaker, and this silo's share of the budget. Who must wait, waits here without spending an attempt; flows are served in turn.
/// <para>All state is under one lock, held for arithmetic only. Continuations of waiters run elsewhere.</para>
/// </summary>
internal sealed partial class UpstreamGate : IDisposable
{
    private static readonly TimeSpan Sweep = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterStop = TimeSpan.FromSeconds(1);
    private const string Stopping = "this silo is stopping";
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(1);

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _origin;
    private readonly ITimer _timer;
    private readonly CallWindow[] _windows;
    private readonly AdaptiveConcurrency _adaptive;
    private readonly Breaker _breaker;
    private readonly Dictionary<string, GateFlow> _flows = new(StringComparer.Ordinal);
    private readonly LinkedList<GateFlow> _turns = new(); // flows with waiters, in the order of their turn
    private readonly CallRate _rate;

    private int _inFlight;
    private int _waiting;
    private long _holdUntil = long.MinValue;
    private string? _holdReason;
    private int _throttledInRow;
    private long _calls;
    private long _throttled;
    private long _troubled;
    private TimeSpan? _latency;
    private TimeSpan _fastest = TimeSpan.Zero; // zero until a first answer: the first call counts from its answer on
    private bool _closed;

    // The lease of the budget. Without leases (one gate owns the upstream) these never change.
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
    public async ValueTask<GateEntry> EnterAsync(FlowTicket ticket, TimeSpan waitAtMost, CancellationToken cancellationToken)
    {
        GateWaiter waiter;
        lock (_sync)
        {
            if (_closed)
            {
                return new GateEntry(null, TimeSpan.Zero, false, AfterStop, Stopping);
            }

            var now = Now();
            ref var slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_flows, ticket.Name, out _);
            var flow = slot ??= new GateFlow(ticket.Name);
            flow.Concurrency = ticket.Concurrency;
            if (_waiting == 0 && flow.MayCall && Obstacle(now) is null)
            {
                return new GateEntry(Grant(flow, now), TimeSpan.Zero, false, TimeSpan.Zero, null);
            }

            var obstacle = Obstacle(now);
            if (obstacle is { Until: { } until } && until - now > waitAtMost.Ticks)
            {
                Forget(flow);
                return new GateEntry(null, TimeSpan.Zero, false, TimeSpan.FromTicks(until - now), obstacle.Reason);
            }

            waiter = new GateWaiter(flow, now, now + waitAtMost.Ticks, obstacle?.Parked ?? false);
            if (flow.Waiters.Count == 0)
            {
                TakeTurn(flow);
            }

            flow.Waiters.Enqueue(waiter);
            _waiting++;
            _demand.TrySetResult();
            PumpUnderLock(now);
        }

        if (!cancellationToken.CanBeCanceled)
        {
            return await waiter.Task;
        }

        // A waiter that is given up stays in its queue and is passed over when its turn comes.
        await using var registration = cancellationToken.UnsafeRegister(static (state, token) => ((GateWaiter)state!).TrySetCanceled(token), waiter);
        return await waiter.Task;
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
            Forget(permit.Flow);
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
                    heldOff = new HoldOff(holdOff ?? Backoff(), reason ?? "too many calls");
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
                Waiting = _waiting,
                Concurrency = Concurrency(now),
                Ceiling = Options.Concurrency,
                Breaker = _breaker.State switch { BreakerState.Closed => "closed", BreakerState.Open => "open", _ => "probing" },
                CallsPerSecond = _rate.PerSecond(now),
                Latency = _latency,
                BoundBy = _waiting > 0 || _inFlight >= Concurrency(now) ? Obstacle(now)?.Reason : Obstacle(now) is { Hard: true } hard ? hard.Reason : null,
                Calls = _calls,
                Throttled = _throttled,
                Troubled = _troubled,
            };
        }
    }

    /// <summary>Gives every waiter back its item: the silo stops.</summary>
    public void Close()
    {
        lock (_sync)
        {
            _closed = true;
            foreach (var flow in _turns)
            {
                foreach (var waiter in flow.Waiters)
                {
                    waiter.TrySetResult(Deferred(waiter, Now(), AfterStop, Stopping));
                }

                flow.Waiters.Clear();
            }

            _turns.Clear();
            _waiting = 0;
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

    /// <summary>Why no call may go now, until when as far as time decides it, and null when one may.</summary>
    private sealed record Hindrance(long? Until, string Reason, bool Parked, bool Hard);

    private Hindrance? Obstacle(long now)
    {
        if (!_breaker.Admits(now))
        {
            return _breaker.State == BreakerState.Open
                ? new Hindrance(_breaker.OpenUntil, $"{Options.Name}: breaker open for {Seconds(_breaker.OpenUntil - now)} more ({_breaker.Reason})", true, true)
                : new Hindrance(null, $"{Options.Name}: breaker probing ({_breaker.Reason})", true, true);
        }

        if (now < _holdUntil)
        {
            return new Hindrance(_holdUntil, $"{Options.Name} paused for {Seconds(_holdUntil - now)} more ({_holdReason})", false, true);
        }

        if (now >= _leasedUntil || _leasedConcurrency == 0)
        {
            return new Hindrance(null, $"{Options.Name}: waiting for a share of its budget", false, false);
        }

        foreach (var window in _windows)
        {
            if (window.NextFree() is not { } free)
            {
                return new Hindrance(null, $"{Options.Name}: waiting for a share of its budget", false, false);
            }

            if (now < free)
            {
                return new Hindrance(free, string.Create(CultureInfo.InvariantCulture, $"{Options.Name} at {window.Limit.PerSecond:0.##} calls/s"), false, false);
            }
        }

        var concurrency = Math.Min(_adaptive.Limit, _leasedConcurrency);
        return _inFlight < concurrency ? null : new Hindrance(null, _adaptive.IsBelowCeiling
            ? $"{Options.Name} at {concurrency} calls at once (lowered from {Options.Concurrency} because it struggles)"
            : $"{Options.Name} at {concurrency} calls at once", false, false);
    }

    private static string Seconds(long ticks) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(TimeSpan.FromTicks(ticks).TotalSeconds)} s");

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

    private void PumpUnderLock(long now)
    {
        while (_waiting > 0 && Obstacle(now) is null && NextInTurn() is { } waiter)
        {
            var permit = Grant(waiter.Flow, now);
            var waited = TimeSpan.FromTicks(now - waiter.Since);
            if (!waiter.TrySetResult(new GateEntry(permit, waited, waiter.Parked, TimeSpan.Zero, null)))
            {
                Return(permit);
            }
        }

        if (_waiting > 0)
        {
            Expire(now);
            var wait = Obstacle(now)?.Until is { } until ? Math.Clamp(until - now, TimeSpan.TicksPerMillisecond, Sweep.Ticks) : Sweep.Ticks;
            _timer.Change(TimeSpan.FromTicks(wait), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>The first waiter of the next flow that may call; its flow goes to the end of the line.</summary>
    private GateWaiter? NextInTurn()
    {
        for (var node = _turns.First; node is not null; node = node.Next)
        {
            var flow = node.Value;
            if (!flow.MayCall)
            {
                continue;
            }

            var waiter = flow.Waiters.Dequeue();
            _waiting--;
            _turns.Remove(node);
            if (flow.Waiters.Count > 0)
            {
                TakeTurn(flow);
            }

            return waiter;
        }

        return null;
    }

    /// <summary>A person goes first; jobs stand in line.</summary>
    private void TakeTurn(GateFlow flow)
    {
        if (flow.Name == FlowTicket.Interactive)
        {
            _turns.AddFirst(flow);
        }
        else
        {
            _turns.AddLast(flow);
        }
    }

    /// <summary>The one who waited for this permit has gone: no call is made, but its place in the windows stays taken, which errs on the safe side.</summary>
    private void Return(Permit permit)
    {
        _inFlight--;
        permit.Flow.InFlight--;
        AbandonProbe(permit);
        Forget(permit.Flow);
    }

    private void AbandonProbe(Permit permit)
    {
        if (permit.Probe)
        {
            _breaker.ProbeAbandoned();
        }
    }

    private void Expire(long now)
    {
        var obstacle = Obstacle(now);
        for (var node = _turns.First; node is not null;)
        {
            var next = node.Next;
            var waiters = node.Value.Waiters;
            while (waiters.TryPeek(out var waiter) && (waiter.Deadline <= now || waiter.Task.IsCompleted))
            {
                waiters.Dequeue();
                _waiting--;
                waiter.TrySetResult(Deferred(waiter, now, obstacle?.Until is { } until ? TimeSpan.FromTicks(Math.Max(0, until - now)) : TimeSpan.Zero, obstacle?.Reason));
            }

            if (waiters.Count == 0)
            {
                _turns.Remove(node);
                Forget(node.Value);
            }

            node = next;
        }
    }

    private static GateEntry Deferred(GateWaiter waiter, long now, TimeSpan after, string? reason) =>
        new(null, TimeSpan.FromTicks(Math.Max(0, now - waiter.Since)), waiter.Parked, after, reason);

    private void Forget(GateFlow flow)
    {
        if (flow is { InFlight: 0, Waiters.Count: 0 })
        {
            _flows.Remove(flow.Name);
        }
    }

    private void HoldUnderLock(long now, TimeSpan duration, string reason)
    {
        if (now + duration.Ticks > _holdUntil)
        {
            _holdUntil = now + duration.Ticks;
            _holdReason = reason;
        }
    }

    /// <summary>Too many calls, and not a word on when to come back: one period of the tightest limit, doubled each time in a row.</summary>
    private TimeSpan Backoff()
    {
        var first = Options.Limits.Count == 0 ? TimeSpan.FromSeconds(1) : Options.Limits.Min(limit => limit.Per);
        var wait = Math.Max(TimeSpan.TicksPerSecond, first.Ticks) << Math.Min(_throttledInRow - 1, 10);
        return TimeSpan.FromTicks(Math.Min(wait, LongestBackoff.Ticks));
    }

    private void CorrectArrival(Permit permit, CallVerdict verdict, long now, TimeSpan took)
    {
        if (_windows.Length == 0)
        {
            return;
        }

        if (verdict is CallVerdict.Good && (_fastest == TimeSpan.Zero || took < _fastest))
        {
            // The first answer ever has nothing to be compared with: it counts from its end on.
            var first = _fastest == TimeSpan.Zero;
            _fastest = took;
            if (!first)
            {
                return;
            }

            Correct(permit, now);
            return;
        }

        Correct(permit, now - _fastest.Ticks);
    }

    private void Correct(Permit permit, long arrivedAtLatest)
    {
        for (var i = 0; i < _windows.Length; i++)
        {
            _windows[i].Correct(permit.Numbers[i], arrivedAtLatest);
        }
    }
}
