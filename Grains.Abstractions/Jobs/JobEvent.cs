namespace OrleansBulk.Jobs;

/// <summary>What a watcher of a job is told. Closed: <see cref="JobAdvanced"/>, <see cref="JobItemFailed"/>, <see cref="JobNews"/>, <see cref="JobEnded"/>.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobEvent")]
public abstract record JobEvent;

/// <summary>A newer snapshot. Coalesced: a slow watcher misses snapshots, never the newest.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobAdvanced")]
public sealed record JobAdvanced([property: Id(0)] JobProgress Progress) : JobEvent;

/// <summary>A sampled failure: at most one a cause a second, to show what goes wrong while it does.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobItemFailed")]
public sealed record JobItemFailed(
    [property: Id(0)] long Ordinal,
    [property: Id(1)] string Key,
    [property: Id(2)] string Cause,
    [property: Id(3)] string Message) : JobEvent;

/// <summary>Something that only the job's workload knows of.</summary>
/// <param name="Json">A JSON object, in the workload's own words.</param>
/// <param name="Replaces">Newer news with the same text here make this one worthless; null: each counts.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobNews")]
public sealed record JobNews([property: Id(0)] string Json, [property: Id(1)] string? Replaces) : JobEvent;

/// <summary>The last event: nothing more happens to this job unless somebody resumes or retries it.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.JobEnded")]
public sealed record JobEnded([property: Id(0)] JobProgress Progress) : JobEvent;
