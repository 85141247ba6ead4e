namespace OrleansBulk.Simulator.Scenarios;

/// <summary>Time from the arrival of a call to its answer.</summary>
public sealed record Latency
{
    /// <summary>Milliseconds, 0 or more. Default 0.</summary>
    public double MeanMs { get; init; }

    /// <summary>Milliseconds: half the width of a uniform distribution, the standard deviation of a log-normal one. Default 0.</summary>
    public double SpreadMs { get; init; }

    /// <summary>Default uniform.</summary>
    public LatencyDistribution Distribution { get; init; } = LatencyDistribution.Uniform;
}

public enum LatencyDistribution
{
    /// <summary>Always the mean.</summary>
    Fixed,

    /// <summary>From mean − spread to mean + spread.</summary>
    Uniform,

    /// <summary>Many a little below the mean and a long tail above it, as networks have; cut at the mean plus ten spreads.</summary>
    Lognormal,
}
