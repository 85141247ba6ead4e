using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>
/// Which call may run when. All of it happens under the gate: a call that may run is handed to the scheduler at once, any other waits
/// for the end of the one that blocks it.
/// </summary>
internal sealed partial class Activation
{
    // Guarded by _gate.
    private CallList _waiting, _running;
    private GrainCall? _blocking;
    private HashSet<GrainTimer>? _timers;

    // Changed on the activation's turns, read by the sweep: guarded by _gate.
    private List<Enumeration>? _enumerations;

    private bool IsRunning => !_running.IsEmpty;

    private bool HasNoCalls => _running.IsEmpty && _waiting.IsEmpty;

    /// <summary>Takes a call in. False: this activation has ended (or is ending, for a call bound to it) and the call is still the sender's.</summary>
    public bool TryReceive(GrainCall call)
    {
        lock (_gate)
        {
            switch (_stage)
            {
                case Stage.Gone:
                case Stage.Deactivating when call.Has(CallTraits.Bound):
                    return false;
                case Stage.Active when MayRun(call):
                    Admit(call);
                    return true;
                case Stage.Created:
                    _stage = Stage.Activating;
                    Scheduler.Post(Start);
                    break;
                default:
                    break;
            }
            _waiting.Add(call);
            return true;
        }
    }

    /// <summary>A running call has ended, with the exception that it let escape if any.</summary>
    public void OnEnded(GrainCall call, Exception? error)
    {
        // Its state is not what is stored: the next activation reads it anew. Marked, so that it does not end its callers' activations as well.
        if (error is InconsistentStateException { IsSourceActivation: true } stale)
        {
            stale.IsSourceActivation = false;
            Silo.LogStaleState(stale, Id);
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, stale, "The grain's state is stale."));
        }

        lock (_gate)
        {
            _running.Remove(call);
            if (call.Has(CallTraits.KeepsAlive)) _lastUsed = Silo.Clock.GetTimestamp();
            if (ReferenceEquals(_blocking, call)) _blocking = NextBlocking();
            if (_stage == Stage.Active) AdmitNext();
            else if (_stage == Stage.Deactivating && !IsRunning) Scheduler.Post(Finish);
        }
    }

    /// <summary>Fails the calls whose callers have waited long enough. A running one runs on: the callee is not told.</summary>
    public void FailExpired(long now, Func<GrainCall, Exception> reason)
    {
        if (HasNoCalls) return;
        List<GrainCall>? expired = null;
        lock (_gate)
        {
            Collect(_running.First);
            Collect(_waiting.First);
        }
        foreach (var call in expired ?? []) call.TryFail(reason(call));

        void Collect(GrainCall? first)
        {
            for (var call = first; call is not null; call = call.Next)
            {
                if (call.Deadline <= now) (expired ??= []).Add(call);
            }
        }
    }

    /// <summary>Ends the enumerations whose reader has not asked since <paramref name="since"/>.</summary>
    public void AbortAbandoned(long since)
    {
        if (_enumerations is null) return;
        lock (_gate)
        {
            foreach (var enumeration in _enumerations)
            {
                if (enumeration.AskedLast < since) Scheduler.Post(() => enumeration.AbortIfAbandoned(since));
            }
        }
    }

    public void Add(Enumeration enumeration)
    {
        lock (_gate) (_enumerations ??= []).Add(enumeration);
    }

    public void Remove(Enumeration enumeration)
    {
        lock (_gate) _enumerations?.Remove(enumeration);
    }

    public GrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        RequireTurn("RegisterGrainTimer", "Register it from the grain's own methods.");
        var timer = new GrainTimer(this, callback, options);
        lock (_gate) (_timers ??= []).Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    /// <summary>A timer that keeps it alive says that it is at work even between two ticks: the ceiling on idle activations spares it.</summary>
    public bool IsHeld
    {
        get
        {
            if (_timers is null) return false;
            lock (_gate) return _timers.Any(t => t.Has(CallTraits.KeepsAlive));
        }
    }

    public void Remove(GrainTimer timer)
    {
        lock (_gate) _timers?.Remove(timer);
    }

    private void DisposeTimers()
    {
        GrainTimer[] timers;
        lock (_gate) timers = [.. _timers ?? []];
        foreach (var timer in timers) timer.Dispose();
    }

    private Enumeration[] Enumerations()
    {
        lock (_gate) return [.. _enumerations ?? []];
    }

    private void AbortEnumerations()
    {
        foreach (var enumeration in Enumerations()) enumeration.Abort("the activation that fed it ended");
    }

    private async Task CloseEnumerationsAsync()
    {
        foreach (var enumeration in Enumerations()) await enumeration.CloseAsync();
    }

    private bool MayRun(GrainCall call) =>
        _blocking is null || _class.IsReentrant || call.Has(CallTraits.Interleaves) || (call.Has(CallTraits.ReadOnly) && _blocking.Has(CallTraits.ReadOnly));

    private void Admit(GrainCall call)
    {
        call.Activation = this;
        _running.Add(call);
        if (!call.Has(CallTraits.Interleaves)) _blocking ??= call;
        Scheduler.Post(call);
    }

    /// <summary>In order of arrival, up to the first that must go on waiting.</summary>
    private void AdmitNext()
    {
        while (_waiting.First is { } call && MayRun(call))
        {
            _waiting.Remove(call);
            Admit(call);
        }
    }

    /// <summary>Once, when the activation becomes active: interleaving calls that came meanwhile need not wait behind others.</summary>
    private void AdmitAll()
    {
        for (var call = _waiting.First; call is not null;)
        {
            var next = call.Next;
            if (MayRun(call))
            {
                _waiting.Remove(call);
                Admit(call);
            }
            call = next;
        }
    }

    /// <summary>Read-only calls run side by side: when the one that blocks ends, another of them goes on blocking.</summary>
    private GrainCall? NextBlocking()
    {
        var call = _running.First;
        while (call is not null && call.Has(CallTraits.Interleaves)) call = call.Next;
        return call;
    }

    /// <summary>The waiting calls, still chained, in order.</summary>
    private GrainCall? TakeWaiting()
    {
        var first = _waiting.First;
        _waiting = default;
        return first;
    }
}
