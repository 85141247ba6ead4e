namespace Orleans.Runtime;

/// <summary>How a call gets along with others on its activation.</summary>
[Flags]
internal enum CallTraits
{
    None = 0,

    /// <summary>May start whatever else runs.</summary>
    Interleaves = 1,

    /// <summary>May start beside other read-only calls.</summary>
    ReadOnly = 2,

    /// <summary>Counts as use of the activation.</summary>
    KeepsAlive = 4,

    /// <summary>Belongs to this very activation: when that ends, the call ends too instead of moving to the next one.</summary>
    Bound = 8,
}

/// <summary>One piece of work that an activation does on request: a method call, a step of an enumeration or a timer tick.</summary>
internal abstract class GrainCall(CallTraits traits)
{
    /// <summary>Neighbours in the one <see cref="CallList"/> that holds this call; guarded by the activation's lock.</summary>
    internal GrainCall? Previous, Next;

    public CallTraits Traits { get; } = traits;

    /// <summary>The grain that is called; null for a call that was never sent, as a timer tick.</summary>
    public virtual GrainReference? Target => null;

    /// <summary>Set when an activation takes the call in; guarded by its lock until the call runs.</summary>
    public Activation? Activation { get; set; }

    /// <summary>When the caller stops waiting, as a timestamp of the silo's clock.</summary>
    public long Deadline { get; set; } = long.MaxValue;

    /// <summary>How often an activation ended before it came to this call.</summary>
    public int Forwards { get; set; }

    /// <summary>Nobody waits any longer: answered, timed out or cancelled.</summary>
    public abstract bool IsCompleted { get; }

    public bool Has(CallTraits trait) => (Traits & trait) != 0;

    /// <summary>Runs on the activation's turn, answers the caller, tells the activation that it ended; never throws.</summary>
    public abstract Task RunAsync();

    /// <summary>Answers with an exception unless the call has been answered already.</summary>
    public abstract bool TryFail(Exception exception);
}

/// <summary>A list threaded through the calls themselves, so that queueing allocates nothing and removal is immediate.</summary>
internal struct CallList
{
    public GrainCall? First { get; private set; }

    private GrainCall? _last;

    public readonly bool IsEmpty => First is null;

    public void Add(GrainCall call)
    {
        (call.Previous, call.Next) = (_last, null);
        if (_last is null) First = call;
        else _last.Next = call;
        _last = call;
    }

    public void Remove(GrainCall call)
    {
        if (call.Previous is null) First = call.Next;
        else call.Previous.Next = call.Next;
        if (call.Next is null) _last = call.Previous;
        else call.Next.Previous = call.Previous;
        (call.Previous, call.Next) = (null, null);
    }
}
