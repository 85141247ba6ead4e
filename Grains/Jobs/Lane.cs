namespace OrleansBulk.Jobs;

/// <summary>The items of one upstream within a job's pump. Owned by the pump's loop.</summary>
internal sealed class Lane(string name)
{
    private readonly PriorityQueue<Item, long> _deferred = new();

    public string Name { get; } = name;

    /// <summary>Items that may start.</summary>
    public Queue<Item> Ready { get; } = new();

    public int InFlight { get; set; }

    /// <summary>What the workload said last about room; asked again with each tick.</summary>
    public LaneRoom Room { get; set; }

    /// <summary>Why no item of this lane can succeed; null while some may.</summary>
    public string? Refused { get; set; }

    public int GarbledInRow { get; set; }

    /// <summary>Why an item was deferred last.</summary>
    public string? DeferredBecause { get; private set; }

    public int Backlog => Ready.Count + _deferred.Count;

    public int DeferredCount => _deferred.Count;

    /// <summary>Deferred items that wait for other items of the job.</summary>
    public int WaitingForOthers => _deferred.UnorderedItems.Count(deferred => deferred.Element.WaitsForOthers);

    /// <summary>Calls under way, counted as full ones: 999 items of 1,000 to a call are one.</summary>
    public int Slots => (InFlight + Room.ItemsPerCall - 1) / Math.Max(1, Room.ItemsPerCall);

    public void Defer(Item item, long due, string reason)
    {
        DeferredBecause = reason;
        _deferred.Enqueue(item, due);
    }

    /// <summary>Deferred items whose time has come are ready again.</summary>
    public void Wake(long now)
    {
        while (_deferred.TryPeek(out var item, out var due) && due <= now)
        {
            _deferred.Dequeue();
            Ready.Enqueue(item);
        }
    }

    /// <summary>Takes items out of the lane's memory, the youngest first, until so many are left.</summary>
    public IEnumerable<Item> TakeOut(int keep)
    {
        var kept = new List<Item>(Math.Min(keep, Ready.Count));
        while (kept.Count < keep && Ready.TryDequeue(out var item))
        {
            kept.Add(item);
        }

        foreach (var item in Ready)
        {
            yield return item;
        }

        Ready.Clear();
        kept.ForEach(Ready.Enqueue);
        while (kept.Count + _deferred.Count > keep && _deferred.TryDequeue(out var item, out _))
        {
            yield return item;
        }
    }
}
