namespace OrleansBulk.Jobs;

/// <summary>How the engine works. Section <c>Jobs</c> of the configuration.</summary>
public sealed record JobOptions
{
    /// <summary>Results per commit at most. Default 1,000, range 1 to 10,000.</summary>
    public int CommitItems { get; init; } = 1000;

    /// <summary>How long the first result of a commit waits for company. Default 100 ms, range 0 to 10 s.</summary>
    public TimeSpan CommitLinger { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Outcomes that may wait for their commit; beyond it nothing new is started. Default 5,000.</summary>
    public int MaxUncommitted { get; init; } = 5000;

    /// <summary>Items of one job held in memory at most. Default 20,000: enough to fill the lanes of several batching upstreams.</summary>
    public int MaxOpenItems { get; init; } = 20_000;

    /// <summary>How often an idle pump says that it lives. Default 2 s; must be well below <see cref="StaleAfter"/>.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A heartbeat older than this means that the owner is gone and the job may be taken over. Default 10 s.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often each silo looks for jobs without an owner. Default 3 s.</summary>
    public TimeSpan Supervision { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long items in flight are waited for when a job is cancelled, retried or resumed, or a silo stops. Default 5 s; after that they stay pending.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>No item finished for so long, with items pending: a stall. Default 15 s.</summary>
    public TimeSpan StallAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Garbled answers in a row, without a good one between, that stop a lane. Default 25.</summary>
    public int GarbledInRow { get; init; } = 25;

    /// <summary>
    /// Chunks of a job are dropped so long after it ended; ledger and failures stay. So long failed items can be tried again, and a failed job can be resumed: then it is
    /// cancelled. Default 30 days, at least a minute.
    /// </summary>
    public TimeSpan KeepChunks { get; init; } = TimeSpan.FromDays(30);

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    public void Validate()
    {
        Check(CommitItems is >= 1 and <= 10_000, nameof(CommitItems), CommitItems, "1 to 10,000");
        Check(CommitLinger >= TimeSpan.Zero && CommitLinger <= TimeSpan.FromSeconds(10), nameof(CommitLinger), CommitLinger, "00:00:00 to 00:00:10");
        Check(MaxUncommitted >= CommitItems, nameof(MaxUncommitted), MaxUncommitted, $"at least CommitItems ({CommitItems})");
        Check(MaxOpenItems >= Chunk.MaxItems, nameof(MaxOpenItems), MaxOpenItems, $"at least {Chunk.MaxItems}");
        Check(Heartbeat > TimeSpan.Zero && Heartbeat * 2 <= StaleAfter, nameof(Heartbeat), Heartbeat, $"more than 0, at most half of StaleAfter ({StaleAfter})");
        Check(Supervision > TimeSpan.Zero, nameof(Supervision), Supervision, "more than 0");
        Check(Patience >= TimeSpan.Zero && Patience <= TimeSpan.FromSeconds(20), nameof(Patience), Patience, "0 to 20 s: commands wait for it");
        Check(GarbledInRow >= 1, nameof(GarbledInRow), GarbledInRow, "at least 1");
        Check(KeepChunks >= TimeSpan.FromMinutes(1), nameof(KeepChunks), KeepChunks, "at least 1 minute");
    }

    private static void Check(bool good, string setting, object value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Jobs:{setting} is {value}; it must be {range}.");
        }
    }
}
