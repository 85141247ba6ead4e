namespace OrleansBulk.Ingest;

/// <summary>What is taken in and how long it is kept. Section <c>Ingest</c> of the configuration.</summary>
public sealed record IngestOptions
{
    /// <summary>A body may have so many bytes, after unpacking too. Default 2 GiB, range 1 KiB to 64 GiB.</summary>
    public long MaxBodyBytes { get; init; } = 2L * 1024 * 1024 * 1024;

    /// <summary>Large bodies received at once on one silo; each holds a connection of the bulk lane, and others wait. Default 2, range 1 to 3.</summary>
    public int Receivers { get; init; } = 2;

    /// <summary>How long a body waits for others to be received before it is refused. Default 30 s, range 0 to 10 minutes.</summary>
    public TimeSpan ReceiveWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the answer to an ingest waits for its end; after that it says where to look. Default 10 minutes, range 1 s to 1 hour.</summary>
    public TimeSpan AnswerWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Rows as they came are kept for so many months beside the running one; usernames stay. Default 12, range 1 to 1,200.</summary>
    public int KeepRawMonths { get; init; } = 12;

    /// <summary>Months for which partitions are made ahead. Default 2, range 1 to 24.</summary>
    public int MonthsAhead { get; init; } = 2;

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    public void Validate()
    {
        Check(MaxBodyBytes is >= 1024 and <= 64L * 1024 * 1024 * 1024, nameof(MaxBodyBytes), MaxBodyBytes, "1,024 to 68,719,476,736");
        Check(Receivers is >= 1 and <= 3, nameof(Receivers), Receivers, "1 to 3: the bulk lane has four connections");
        Check(ReceiveWait >= TimeSpan.Zero && ReceiveWait <= TimeSpan.FromMinutes(10), nameof(ReceiveWait), ReceiveWait, "00:00:00 to 00:10:00");
        Check(AnswerWait >= TimeSpan.FromSeconds(1) && AnswerWait <= TimeSpan.FromHours(1), nameof(AnswerWait), AnswerWait, "00:00:01 to 01:00:00");
        Check(KeepRawMonths is >= 1 and <= 1200, nameof(KeepRawMonths), KeepRawMonths, "1 to 1,200");
        Check(MonthsAhead is >= 1 and <= 24, nameof(MonthsAhead), MonthsAhead, "1 to 24");
    }

    private static void Check(bool good, string setting, object value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Ingest:{setting} is {value}; it must be {range}.");
        }
    }
}
