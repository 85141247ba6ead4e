namespace OrleansBulk.Simulator.Scenarios;

/// <summary>How the simulated world is and behaves; immutable, and always complete: what a document leaves out has its default.</summary>
public sealed record Scenario
{
    /// <summary>Data, latencies and faults follow from it. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The age of the data, 0 or more; accounts change from one revision to the next. Default 0.</summary>
    public int Revision { get; init; }

    /// <summary>The share of accounts that changes with each revision, 0 to 1. Default 1: all.</summary>
    public double ChangedPerRevision { get; init; } = 1;

    /// <summary>The registry of healthcare providers.</summary>
    public NppesScenario Nppes { get; init; } = new();

    /// <summary>One entry for each key of <see cref="Worlds.Platforms.All"/>.</summary>
    public IReadOnlyDictionary<string, UpstreamScenario> Upstreams { get; init; } = UpstreamScenario.Defaults();
}
