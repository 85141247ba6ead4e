namespace Orleans.Runtime;

/// <summary>One sweep serves all calls and activations: a timer per call would cost more than most calls.</summary>
public sealed partial class EmbeddedSilo
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(1);

    private readonly Lock _sweeping = new();

    // Written under _sweeping.
    private long _nextCollection;

    // The live activations at which the ceiling is looked at before the next sweep is due; written under _sweeping.
    private int _crowded;
    private int _live;
    private int _sweepAsked;

    internal void OnActivationAdded()
    {
        if (Interlocked.Increment(ref _live) <= Volatile.Read(ref _crowded) || Interlocked.Exchange(ref _sweepAsked, 1) == 1) return;
        ThreadPool.UnsafeQueueUserWorkItem(static silo => silo.Sweep(), this, preferLocal: false);
    }

    internal void OnActivationRemoved() => Interlocked.Decrement(ref _live);

    private void SetSweep() => _sweepTimer.Change(Pause(), Timeout.InfiniteTimeSpan);

    private void Sweep()
    {
        if (!_sweeping.TryEnter()) return;
        try
        {
            Sweep(Clock.GetTimestamp());
        }
        catch (Exception e)
        {
            LogSweepFailed(e);
        }
        finally
        {
            _sweeping.Exit();
            // Only now: what was asked for meanwhile found the sweep under way and did nothing.
            Volatile.Write(ref _sweepAsked, 0);
            if (_stage is Stage.Running or Stage.Stopping) SetSweep();
        }
    }

    private void Sweep(long now)
    {
        var collects = now >= _nextCollection;
        if (collects) _nextCollection = now + Ticks(CollectionQuantum);
        var idle = new List<(TimeSpan For, Activation Activation)>();
        foreach (var activation in All())
        {
            activation.FailExpired(now, TimedOut);
            activation.AbortAbandoned(now - _timeoutTicks);
            if (activation.Class.CollectionAge is not { } age || activation.IdleFor(now) is not { } idleFor) continue;
            if (collects && idleFor >= age) activation.DeactivateIfIdle(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"Idle for {idleFor}."));
            else if (!activation.IsHeld) idle.Add((idleFor, activation));
        }
        Volatile.Write(ref _crowded, Volatile.Read(ref _live) + Options.MaxIdleActivations - idle.Count);
        if (idle.Count > Options.MaxIdleActivations) Thin(idle);
    }

    /// <summary>
    /// Ends the least recently used. A quarter at a time, because looking costs in proportion to all of them: a job of a million new keys
    /// must not look for each.
    /// </summary>
    private void Thin(List<(TimeSpan For, Activation Activation)> idle)
    {
        var kept = Options.MaxIdleActivations - (Options.MaxIdleActivations / 4);
        idle.Sort(static (a, b) => b.For.CompareTo(a.For));
        foreach (var (_, activation) in idle.Take(idle.Count - kept))
            activation.DeactivateIfIdle(new DeactivationReason(DeactivationReasonCode.HighMemoryPressure, $"More than {Options.MaxIdleActivations} activations are idle."));
        Interlocked.Add(ref _crowded, Options.MaxIdleActivations - kept);
    }

    private TimeoutException TimedOut(GrainCall call)
    {
        LogTimedOut(call.ToString()!, Options.ResponseTimeout);
        return new TimeoutException($"Response did not arrive on time in {Options.ResponseTimeout} for {call}. It may have run, or still run.");
    }

    private TimeSpan CollectionQuantum => Options.FaultInjection?.CollectionAge is { } age && age / 4 < Options.CollectionQuantum ? age / 4 : Options.CollectionQuantum;

    /// <summary>Time-outs are kept to within a twentieth of theirs.</summary>
    private TimeSpan Pause() => new[] { Options.ResponseTimeout / 20, CollectionQuantum, s_longestPause }.Min();
}
