namespace OrleansBulk.Simulator.Journals;

/// <summary>One call as the simulator saw it, noted when it ended.</summary>
/// <param name="Number">Its place in the order in which calls ended, from 1.</param>
/// <param name="At">When it arrived.</param>
/// <param name="AtMs">The same in milliseconds since the simulator started: for spacings.</param>
/// <param name="Keys">How many handles it asked for.</param>
/// <param name="FirstKey">The first of them.</param>
/// <param name="Status">HTTP status; 0 when no answer was given.</param>
/// <param name="Ms">From arrival to the answer.</param>
/// <param name="Ending">answered, refused, fault or aborted.</param>
/// <param name="Cause">Which refusal (overLimit, …) or which fault (hang, …).</param>
public sealed record JournalCall(long Number, DateTimeOffset At, double AtMs, string Upstream, string Operation, string Path, int Keys, string? FirstKey,
    int Status, double Ms, string Ending, string? Cause);

/// <summary>A page of calls, oldest first; <paramref name="Next"/> is the <c>after</c> of the page that follows.</summary>
public sealed record JournalCalls(IReadOnlyList<JournalCall> Calls, long Next);
