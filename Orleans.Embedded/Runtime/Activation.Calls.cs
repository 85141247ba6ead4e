using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>
/// Which call may run when. All of it happens under the gate: a call that may run is handed to the scheduler at once, any other waits
/// for the end of the one that blocks it.
/// </summary>
internal sealed partial class Activation
{
    /// <summary>The ceiling hears of a use at most this often, since its lock is one for all.</summary>
    private static readonly TimeSpan s_touchEvery = TimeSpan.FromSeconds(1);

    // Guarded by _gate.
    private CallList _waiting, _running;
    private GrainCall? _blocking;

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

        var touches = false;
        lock (_gate)
        {
            _running.Remove(call);
            if (call.Has(CallTraits.KeepsAlive))
            {
                _lastUsed = Silo.Clock.GetTimestamp();
                touches = Silo.Clock.GetElapsedTime(_lastTouched, _lastUsed) >= s_touchEvery;
                if (touches) _lastTouched = _lastUsed;
            }
            // As under the other runtime: of several read-only calls the first blocks, and others may start when it ends.
            if (ReferenceEquals(_blocking, call)) _blocking = null;
            if (_stage == Stage.Active) AdmitNext();
            else if (_stage == Stage.Deactivating && !IsRunning) Scheduler.Post(Finish);
        }
        if (touches) Silo.Ceiling.Touch(this);
    }

    /// <summary>What the caller of a failed call gets. What it does not get is logged, for nobody else will ever see it.</summary>
    public Exception ToCaller(Exception error)
    {
        var crossing = ExceptionBoundary.Cross(error);
        if (!ReferenceEquals(crossing, error)) Silo.LogForeignException(error, Id);
        return crossing;
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
                if (call.Deadline <= now && !call.IsCompleted) (expired ??= []).Add(call);
            }
        }
    }

    private bool MayRun(GrainCall call) =>
        _blocking is null || Class.IsReentrant || call.Has(CallTraits.Interleaves) || (call.Has(CallTraits.ReadOnly) && _blocking.Has(CallTraits.ReadOnly));

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

    /// <summary>The waiting calls, still chained, in order.</summary>
    private GrainCall? TakeWaiting()
    {
        var first = _waiting.First;
        _waiting = default;
        return first;
    }
}
