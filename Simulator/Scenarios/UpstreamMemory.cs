using System.Collections.Concurrent;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>What an upstream remembers of the calls under a scenario; a new scenario begins without memories.</summary>
internal sealed class UpstreamMemory
{
    private readonly ConcurrentDictionary<string, Reply> _lastAnswers = new();
    private long _calls;

    /// <summary>Numbers calls from 1: latencies and faults are drawn by the number.</summary>
    public long NextCall() => Interlocked.Increment(ref _calls);

    /// <summary>Keeps an answer and gives back the one before it of the same operation.</summary>
    public Reply? Exchange(string operation, Reply answer)
    {
        var before = _lastAnswers.GetValueOrDefault(operation);
        _lastAnswers[operation] = answer;
        return before;
    }
}
