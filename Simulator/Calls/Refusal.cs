namespace OrleansBulk.Simulator.Calls;

internal enum RefusalCause
{
    OverLimit,
    OverConcurrency,
    OverQuota,
    RefusedToken,
}

/// <summary>Why a call is turned away before anybody looks for an answer.</summary>
/// <param name="Status">The HTTP status that the scenario wants for it.</param>
internal sealed record Refusal(RefusalCause Cause, int Status, Question Question)
{
    /// <summary>The limit that was reached, where the words name it.</summary>
    public int? Limit { get; init; }
}
