namespace OrleansBulk.Jobs;

/// <summary>How a pump came to its end. Closed: the records below.</summary>
internal abstract record RunEnd;

/// <summary>Every item has its outcome and the job is completed.</summary>
internal sealed record RunCompleted : RunEnd;

/// <summary>Nothing more can succeed; the job has failed with this reason and can be resumed.</summary>
internal sealed record RunFailed(string Reason) : RunEnd;

/// <summary>It was told to stop; what it had is committed or pending.</summary>
internal sealed record RunStopped : RunEnd;

/// <summary>Another epoch owns the job; what was not committed is pending there.</summary>
internal sealed record RunLost : RunEnd;
