namespace Orleans.Runtime;

/// <summary>
/// Keeps the number of activations down. Whoever adds one beyond the ceiling ends the least recently used idle one in exchange: a job of
/// new keys pays for what it brings, and cannot outrun a collector on a busy machine (a periodic one fell behind by hundreds of thousands).
/// </summary>
internal sealed class IdleCeiling(int most)
{
    /// <summary>Busy ones are passed over. Not without end, where many are busy at once: the next addition goes on.</summary>
    private const int MostLooks = 64;

    private readonly DeactivationReason _reason = new(DeactivationReasonCode.HighMemoryPressure, $"There are more than {most} activations.");
    private readonly Lock _gate = new();

    // Least recently used first, to within a second.
    private readonly LinkedList<Activation> _order = new();

    public void Add(Activation activation)
    {
        lock (_gate) activation.Place = _order.AddLast(activation);
        for (var looks = 0; looks < MostLooks && TakeFirst() is { } candidate; looks++)
        {
            if (!candidate.DeactivateIfIdle(_reason)) PutLast(candidate);
        }
    }

    public void Touch(Activation activation)
    {
        lock (_gate)
        {
            if (activation.Place is not { List: not null } place) return;
            _order.Remove(place);
            _order.AddLast(place);
        }
    }

    public void Remove(Activation activation)
    {
        lock (_gate)
        {
            if (activation.Place is { List: not null } place) _order.Remove(place);
            activation.Place = null;
        }
    }

    /// <summary>Taken out while it is looked at, so that no two additions look at the same, and counted out when it ends.</summary>
    private Activation? TakeFirst()
    {
        lock (_gate)
        {
            if (_order.Count <= most) return null;
            var first = _order.First!;
            _order.Remove(first);
            return first.Value;
        }
    }

    private void PutLast(Activation activation)
    {
        lock (_gate)
        {
            if (activation.Place is { } place) _order.AddLast(place);
        }
    }
}
