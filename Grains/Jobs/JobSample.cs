using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>About a second of a job, for its charts: what finished, what was called, where the items' time went.</summary>
internal sealed record JobSample(
    DateTimeOffset At, TimeSpan Span, int Succeeded, int Failed, int Skipped, int InFlight, CallCost Cost, TimeSpan Database, string? BoundBy);
