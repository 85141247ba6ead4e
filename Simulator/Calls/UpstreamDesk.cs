using System.Collections.Concurrent;
using OrleansBulk.Simulator.Journals;

namespace OrleansBulk.Simulator.Calls;

/// <summary>The state of one upstream that outlives scenarios: its counters, its journal, and its last answers.</summary>
internal sealed class UpstreamDesk(Upstream upstream)
{
    private readonly ConcurrentDictionary<string, Reply> _lastAnswers = new();
    private volatile UpstreamJournal _journal = new();
    private long _calls;
    private int _inFlight;
    private int _working;

    public Upstream Upstream => upstream;

    public UpstreamJournal Journal => _journal;

    /// <summary>Calls that arrived and are not over.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Numbers calls from 1 since the start; latencies and faults are drawn by it.</summary>
    public long NextCall() => Interlocked.Increment(ref _calls);

    public int Enter() => Interlocked.Increment(ref _inFlight);

    public void Leave() => Interlocked.Decrement(ref _inFlight);

    public bool TryBeginWork(int most)
    {
        if (Interlocked.Increment(ref _working) <= most) return true;
        Interlocked.Decrement(ref _working);
        return false;
    }

    public void EndWork() => Interlocked.Decrement(ref _working);

    /// <summary>Keeps an answer and gives back the one before it of the same operation.</summary>
    public Reply? Exchange(string operation, Reply answer)
    {
        var before = _lastAnswers.GetValueOrDefault(operation);
        _lastAnswers[operation] = answer;
        return before;
    }

    public void ResetJournal() => _journal = new UpstreamJournal();
}
