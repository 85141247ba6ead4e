namespace OrleansBulk.Upstreams;

internal enum BreakerState
{
    /// <summary>Calls go through.</summary>
    Closed,

    /// <summary>No call goes through: what waits is parked and spends no attempt.</summary>
    Open,

    /// <summary>One probe at a time goes through.</summary>
    Probing,
}

/// <summary>
/// Opens after failures in a row, lets one probe through when its time is over, and closes with the first probe that goes well.
/// Arithmetic only: the gate tells it the time and what became of calls.
/// </summary>
internal sealed class Breaker(int failuresToOpen, TimeSpan open, TimeSpan maxOpen)
{
    private int _failuresInRow;
    private int _timesOpened;
    private bool _probeOut;

    public BreakerState State { get; private set; }

    /// <summary>When the next probe may go, in ticks of the gate's clock. Meaningful while open.</summary>
    public long OpenUntil { get; private set; }

    /// <summary>Why it opened last.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether a call may go now.</summary>
    public bool Admits(long now) => State switch
    {
        BreakerState.Closed => true,
        BreakerState.Open => now >= OpenUntil,
        _ => !_probeOut,
    };

    /// <summary>A call goes out; tells whether it is a probe.</summary>
    public bool Admitted()
    {
        if (State == BreakerState.Closed)
        {
            return false;
        }

        State = BreakerState.Probing;
        _probeOut = true;
        return true;
    }

    /// <summary>Tells whether this closed the breaker. Only the probe does: a call from before it opened says nothing about now.</summary>
    public bool Succeeded(bool probe)
    {
        _failuresInRow = 0;
        if (!probe || State != BreakerState.Probing)
        {
            return false;
        }

        _probeOut = false;
        State = BreakerState.Closed;
        _timesOpened = 0;
        Reason = null;
        return true;
    }

    /// <summary>Tells whether this opened the breaker (again).</summary>
    public bool Failed(long now, bool probe, string reason)
    {
        _failuresInRow++;
        if (State == BreakerState.Open || (State == BreakerState.Probing && !probe) || (State == BreakerState.Closed && _failuresInRow < failuresToOpen))
        {
            return false; // a straggler from before it opened, or not enough yet
        }

        Open(now, TimeSpan.Zero, reason);
        return true;
    }

    /// <summary>Opens at once, for at least so long: the upstream said that it blocks us.</summary>
    public void Blocked(long now, TimeSpan atLeast, string reason)
    {
        if (State == BreakerState.Open)
        {
            OpenUntil = Math.Max(OpenUntil, now + atLeast.Ticks); // one more of the calls that were out: the same block, not a second one
            return;
        }

        Open(now, atLeast, reason);
    }

    /// <summary>A probe ended without telling anything (its caller went away): the next one may go.</summary>
    public void ProbeAbandoned() => _probeOut = false;

    private void Open(long now, TimeSpan atLeast, string reason)
    {
        var wait = TimeSpan.FromTicks(Math.Min(maxOpen.Ticks, open.Ticks << Math.Min(_timesOpened, 16)));
        _timesOpened++;
        _probeOut = false;
        State = BreakerState.Open;
        Reason = reason;
        OpenUntil = Math.Max(OpenUntil, now + (wait > atLeast ? wait : atLeast).Ticks);
    }
}
