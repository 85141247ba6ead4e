namespace OrleansBulk.Jobs;

/// <summary>
/// A snapshot of a job: what became of its items so far, how fast it goes and what holds it. Counts are of committed outcomes only.
/// </summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobProgress")]
public sealed record JobProgress
{
    [Id(0)] public required Guid JobId { get; init; }

    [Id(1)] public required JobStatus Status { get; init; }

    /// <summary>Grows with every snapshot of one epoch; the id of the event that carries it.</summary>
    [Id(2)] public long Version { get; init; }

    /// <summary>Items the job was asked for. While planning: what the workload expects, or what is planned if that is more.</summary>
    [Id(3)] public long Submitted { get; init; }

    /// <summary>Items that are stored as chunks so far, items spawned by other items among them.</summary>
    [Id(4)] public long Planned { get; init; }

    [Id(5)] public long Succeeded { get; init; }

    [Id(6)] public long Failed { get; init; }

    [Id(7)] public long Skipped { get; init; }

    [Id(8)] public long Cancelled { get; init; }

    /// <summary>Items given to a grain whose answer is not there yet; those that wait at a gate among them.</summary>
    [Id(9)] public int InFlight { get; init; }

    /// <summary>Items finished per second over about the last five seconds.</summary>
    [Id(10)] public double RatePerSecond { get; init; }

    /// <summary>When the job will be done, as seconds from now; null when that cannot be said (planning, paused, stalled).</summary>
    [Id(11)] public EtaRange? Eta { get; init; }

    /// <summary>What bounds the job now, in words: <c>codeforces at 0.5 calls/s</c>. A stall is called a stall.</summary>
    [Id(12)] public string? BoundBy { get; init; }

    /// <summary>Calls made to upstreams for this job.</summary>
    [Id(13)] public long CallsMade { get; init; }

    /// <summary>Calls that were not needed: fresh profiles, joined asks, cached answers and items that shared a call.</summary>
    [Id(14)] public long CallsAvoided { get; init; }

    /// <summary>Calls that were repeated because the one before could not be used.</summary>
    [Id(15)] public long Retries { get; init; }

    /// <summary>Why the job failed, or null.</summary>
    [Id(16)] public string? Error { get; init; }

    [Id(17)] public DateTimeOffset At { get; init; }

    /// <summary>What the job is busy with now, where its workload says so: <c>Internal Medicine (2 of 8)</c>.</summary>
    [Id(18)] public string? Doing { get; init; }

    public long Done => Succeeded + Failed + Skipped + Cancelled;

    public long Pending => Math.Max(0, Submitted - Done);

    /// <summary>0 to 100, rounded down to a tenth: 100 means that nothing is pending.</summary>
    public double Percent => Submitted == 0 ? (Status.IsFinal() ? 100 : 0) : Math.Floor(1000.0 * Math.Min(Done, Submitted) / Submitted) / 10;
}

/// <summary>A time range in seconds from now; <see cref="Low"/> is the earlier end.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.EtaRange")]
public sealed record EtaRange([property: Id(0)] long Low, [property: Id(1)] long High);
