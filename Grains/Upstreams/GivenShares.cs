namespace OrleansBulk.Upstreams;

/// <summary>
/// Shares of one limit that were given to one silo and may still be in use: each counts until its own time, and of those that count the largest does.
/// A queue in which every share is smaller than the one before it, since a later and larger one makes those before it meaningless.
/// </summary>
internal sealed class GivenShares
{
    private readonly LinkedList<(int Amount, DateTimeOffset Until)> _given = new();

    public bool IsNothing => _given.Count == 0;

    public int Counted(DateTimeOffset now)
    {
        while (_given.First is { } oldest && oldest.Value.Until <= now)
        {
            _given.RemoveFirst();
        }

        return _given.First?.Value.Amount ?? 0;
    }

    /// <param name="until">Later than that of every share given before.</param>
    public void Give(int amount, DateTimeOffset until, DateTimeOffset now)
    {
        Counted(now);
        while (_given.Last is { } last && last.Value.Amount <= amount)
        {
            _given.RemoveLast();
        }

        if (amount > 0)
        {
            _given.AddLast((amount, until));
        }
    }

    /// <summary>None counts longer than until then.</summary>
    public void EndBy(DateTimeOffset until)
    {
        for (var node = _given.First; node is not null; node = node.Next)
        {
            node.Value = (node.Value.Amount, node.Value.Until < until ? node.Value.Until : until);
        }
    }

    /// <summary>Each counts for so much longer, or less long.</summary>
    public void Shift(TimeSpan by)
    {
        for (var node = _given.First; node is not null; node = node.Next)
        {
            node.Value = (node.Value.Amount, node.Value.Until + by);
        }
    }

    public void Clear() => _given.Clear();
}
