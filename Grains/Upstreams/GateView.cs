namespace OrleansBulk.Upstreams;

/// <summary>A gate at one moment, for pages, metrics and for saying what bounds a job.</summary>
public sealed record GateView
{
    public required string Upstream { get; init; }

    public required int InFlight { get; init; }

    public required int Waiting { get; init; }

    /// <summary>Calls at once that are allowed now on this silo; at most <see cref="Ceiling"/>.</summary>
    public required int Concurrency { get; init; }

    /// <summary>Calls at once over all silos: by configuration, or as an operator lowered them.</summary>
    public required int Ceiling { get; init; }

    /// <summary>The slowest calls-per-period limit in force, over all silos; null when there is none.</summary>
    public required double? LimitPerSecond { get; init; }

    /// <summary>closed, open or probing.</summary>
    public required string Breaker { get; init; }

    /// <summary>Calls granted in the last ten seconds, per second.</summary>
    public required double CallsPerSecond { get; init; }

    /// <summary>Moving average of what a call takes; null before the first.</summary>
    public required TimeSpan? Latency { get; init; }

    /// <summary>What holds calls back now, in words; null when nothing does.</summary>
    public required string? BoundBy { get; init; }

    public required long Calls { get; init; }

    public required long Throttled { get; init; }

    public required long Troubled { get; init; }
}
