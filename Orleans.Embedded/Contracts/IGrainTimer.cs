using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A timer that ends with its activation, or when it is disposed.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Takes effect at once, or after the tick that is running. <see cref="Timeout.InfiniteTimeSpan"/> pauses.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>When a timer ticks and what a tick means to its activation.</summary>
public readonly struct GrainTimerCreationOptions()
{
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period) : this()
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>Until the first tick. <see cref="Timeout.InfiniteTimeSpan"/>: never.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of a tick to the next one. <see cref="Timeout.InfiniteTimeSpan"/>: once only.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>A tick may run beside calls; by default it waits its turn as a call does.</summary>
    public bool Interleave { get; init; }

    /// <summary>A tick counts as use and so holds the activation; by default it does not.</summary>
    public bool KeepAlive { get; init; }
}
