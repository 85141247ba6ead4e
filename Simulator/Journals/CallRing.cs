namespace OrleansBulk.Simulator.Journals;

/// <summary>The most recent calls, of all upstreams.</summary>
internal sealed class CallRing(int size)
{
    private readonly Lock _lock = new();
    private readonly JournalCall[] _calls = new JournalCall[size];
    private long _last;

    public void Add(JournalCall call)
    {
        lock (_lock)
        {
            _last++;
            _calls[_last % size] = call with { Number = _last };
        }
    }

    public JournalCalls After(long after, int limit, string? upstream)
    {
        lock (_lock)
        {
            var calls = new List<JournalCall>();
            var number = Math.Max(after, _last - size);
            while (number < _last && calls.Count < limit)
            {
                var call = _calls[++number % size];
                if (upstream is null || call.Upstream == upstream) calls.Add(call);
            }
            return new JournalCalls(calls, number);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            Array.Clear(_calls);
            _last = 0;
        }
    }
}
