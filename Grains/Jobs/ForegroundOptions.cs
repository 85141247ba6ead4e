namespace OrleansBulk.Jobs;

/// <summary>When a person's request is too slow. Section <c>Foreground</c> of the configuration.</summary>
public sealed record ForegroundOptions
{
    /// <summary>When more than one of five requests takes longer, background work is held back. Default 250 ms, range 10 ms to 1 minute.</summary>
    public TimeSpan Slow { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A request that takes longer is logged, with what ran beside it. Default 1 s, range 10 ms to 1 minute.</summary>
    public TimeSpan LogSlow { get; init; } = TimeSpan.FromSeconds(1);

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    public void Validate()
    {
        Check(Slow, nameof(Slow));
        Check(LogSlow, nameof(LogSlow));
    }

    private static void Check(TimeSpan value, string setting)
    {
        if (value < TimeSpan.FromMilliseconds(10) || value > TimeSpan.FromMinutes(1))
        {
            throw new InvalidOperationException($"Foreground:{setting} is {value}; it must be 00:00:00.010 to 00:01:00.");
        }
    }
}
