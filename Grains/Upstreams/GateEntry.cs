namespace OrleansBulk.Upstreams;

/// <summary>On whose behalf a call is made. The gate serves flows in turn, so that one job's thousands do not stand in front of another's ten.</summary>
/// <param name="Name">A job's id, or <see cref="Interactive"/>.</param>
/// <param name="Concurrency">Highest number of calls at once for this flow; 0 means that only the upstream's own limits hold.</param>
public readonly record struct FlowTicket(string Name, int Concurrency)
{
    /// <summary>A person waits for the answer: served before every job.</summary>
    public const string Interactive = "interactive";
}

/// <summary>The gate's answer: a permit, or why there is none and when to ask again.</summary>
internal readonly record struct GateEntry(Permit? Permit, TimeSpan Waited, bool Parked, TimeSpan AskAgainAfter, string? Reason);

/// <summary>What a call told about the upstream's health, whatever it told about the item.</summary>
internal enum CallVerdict
{
    /// <summary>It answered; "no such handle" is a good answer.</summary>
    Good,

    /// <summary>It said: too many calls.</summary>
    Throttled,

    /// <summary>5xx, time-out, broken connection, cut or strange body.</summary>
    Troubled,

    /// <summary>It blocks us on purpose, for minutes.</summary>
    Blocked,

    /// <summary>The call was given up by us and tells nothing.</summary>
    Neutral,
}

/// <summary>The right to make one call. Tell the gate what became of it exactly once; disposing without a verdict counts as <see cref="CallVerdict.Neutral"/>.</summary>
internal sealed class Permit(UpstreamGate gate, GateFlow flow, long grantedAt, bool probe, long[] numbers) : IDisposable
{
    private bool _done;

    public GateFlow Flow { get; } = flow;

    public long GrantedAt { get; } = grantedAt;

    public bool Probe { get; } = probe;

    /// <summary>The call's number in each of the gate's windows.</summary>
    public long[] Numbers { get; } = numbers;

    /// <param name="verdict">What the call told about the upstream.</param>
    /// <param name="holdOff">How long the upstream wants to be left alone; null when it did not say.</param>
    /// <param name="reason">In words, for pages and logs.</param>
    public void Complete(CallVerdict verdict, TimeSpan? holdOff = null, string? reason = null)
    {
        if (!_done)
        {
            _done = true;
            gate.Complete(this, verdict, holdOff, reason);
        }
    }

    public void Dispose() => Complete(CallVerdict.Neutral);
}

/// <summary>The calls of one flow at one gate. Written by the gate under its lock.</summary>
internal sealed class GateFlow(string name)
{
    public string Name { get; } = name;

    public int Concurrency { get; set; }

    public int InFlight { get; set; }

    public LinkedList<GateWaiter> Waiters { get; } = new();

    public bool MayCall => Concurrency == 0 || InFlight < Concurrency;
}

/// <summary>One call that waits for its permit.</summary>
internal sealed class GateWaiter(GateFlow flow, long since, long deadline, bool parked)
    : TaskCompletionSource<GateEntry>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public GateFlow Flow { get; } = flow;

    public long Since { get; } = since;

    public long Deadline { get; } = deadline;

    /// <summary>It began to wait because of the breaker.</summary>
    public bool Parked { get; } = parked;

    /// <summary>Its place in the line; null when it has left it. Written under the gate's lock, like what follows.</summary>
    public LinkedListNode<GateWaiter>? Place { get; set; }

    /// <summary>Ends with the wait, or a job's token would keep every waiter it ever had.</summary>
    public CancellationTokenRegistration Cancellation { get; set; }

    /// <summary>Who has left the line gets its answer.</summary>
    public void Answer(GateEntry entry)
    {
        Cancellation.Unregister();
        TrySetResult(entry);
    }
}
