using System.Collections.Frozen;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Journals;

/// <summary>What all upstreams saw.</summary>
internal sealed class Journal(FrozenDictionary<string, UpstreamDesk> desks, TimeProvider clock)
{
    /// <summary>How many recent calls are kept.</summary>
    public const int RingSize = 20_000;

    private DateTimeOffset _since = clock.GetUtcNow();

    public CallRing Recent { get; } = new(RingSize);

    public JournalReport Report(string? upstream, int repeated) =>
        new(_since, Platforms.All.Where(key => upstream is null || key == upstream)
            .ToDictionary(key => key, key => desks[key].Journal.Report(desks[key].InFlight, repeated)));

    public IReadOnlyList<string> Asked(string upstream, string operation) => desks[upstream].Journal.Asked(operation);

    public void Reset()
    {
        _since = clock.GetUtcNow();
        foreach (var desk in desks.Values) desk.ResetJournal();
        Recent.Clear();
    }
}
