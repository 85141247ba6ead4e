namespace Orleans.Runtime;

/// <summary>One sweep serves all calls and activations: a timer per call would cost more than most calls.</summary>
public sealed partial class EmbeddedSilo
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    // Touched by the sweep only, of which there is one at a time.
    private long _nextCollection;

    private TimeSpan CollectionQuantum =>
        Options.FaultInjection?.CollectionAge is { } age && age / 4 < Options.CollectionQuantum ? age / 4 : Options.CollectionQuantum;

    /// <summary>Time-outs are kept to within a twentieth of theirs.</summary>
    private void SetSweep() => _sweepTimer.Change(new[] { Options.ResponseTimeout / 20, CollectionQuantum, s_longestPause }.Min(), Timeout.InfiniteTimeSpan);

    private void Sweep()
    {
        try
        {
            Sweep(Clock.GetTimestamp());
        }
        catch (Exception e)
        {
            LogSweepFailed(e);
        }
        if (_stage is Stage.Running or Stage.Stopping) SetSweep();
    }

    private void Sweep(long now)
    {
        var collects = now >= _nextCollection;
        if (collects) _nextCollection = now + Ticks(CollectionQuantum);
        Func<GrainCall, Exception> timedOut = TimedOut;
        foreach (var activation in All())
        {
            activation.FailExpired(now, timedOut);
            activation.AbortAbandoned(now - _timeoutTicks);
            if (collects && activation.Class.CollectionAge is { } age && activation.IdleFor(now) is { } idle && idle >= age)
                activation.DeactivateIfIdle(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Idle for {idle}."));
        }
    }

    private TimeoutException TimedOut(GrainCall call)
    {
        LogTimedOut(call.ToString()!, Options.ResponseTimeout);
        return new TimeoutException($"Response did not arrive on time in {Options.ResponseTimeout} for {call}. It may have run, or still run.");
    }
}
