namespace OrleansBulk.Simulator.Limits;

/// <summary>
/// How many calls lie in the window that ends now, exact to the millisecond: two calls a whole window apart never share one. Holds an
/// entry for each millisecond with calls, so a long window costs no more than its milliseconds. Not thread-safe: its owner locks.
/// </summary>
/// <param name="lengthMs">Length of the window in milliseconds.</param>
internal sealed class SlidingWindow(long lengthMs)
{
    private readonly Queue<(long Ms, int Calls)> _older = new();
    private (long Ms, int Calls) _newest = (long.MinValue, 0);

    public long LengthMs => lengthMs;

    /// <summary>Calls in the window that ends at <paramref name="nowMs"/>.</summary>
    public int Count { get; private set; }

    /// <summary>The largest count there was.</summary>
    public int Most { get; private set; }

    public void Add(long nowMs)
    {
        Slide(nowMs);
        if (_newest.Ms == nowMs) _newest.Calls++;
        else
        {
            if (_newest.Calls > 0) _older.Enqueue(_newest);
            _newest = (nowMs, 1);
        }
        Count++;
        if (Count > Most) Most = Count;
    }

    public void Slide(long nowMs)
    {
        while (_older.TryPeek(out var oldest) && oldest.Ms <= nowMs - lengthMs)
        {
            Count -= oldest.Calls;
            _older.Dequeue();
        }
        if (_newest.Calls > 0 && _older.Count == 0 && _newest.Ms <= nowMs - lengthMs)
        {
            Count -= _newest.Calls;
            _newest = (long.MinValue, 0);
        }
    }
}
