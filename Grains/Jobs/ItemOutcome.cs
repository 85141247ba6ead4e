using OrleansBulk.Upstreams;

namespace OrleansBulk.Jobs;

/// <summary>
/// What running an item came to. Closed; <see cref="JobRun"/> interprets it in one place. Final: <see cref="ItemSucceeded"/>, <see cref="ItemFailed"/>,
/// <see cref="ItemSkipped"/>. Not final, the item stays pending: <see cref="ItemDeferred"/>, <see cref="ItemRefused"/>, and <see cref="ItemAdvanced"/> while it still runs.
/// </summary>
public abstract record ItemOutcome
{
    public CallCost Cost { get; init; } = CallCost.None;
}

/// <param name="Result">What the workload writes in the commit; null when there is nothing to write.</param>
/// <param name="Spawned">Further items that this one brought up; they join the job in the same transaction.</param>
public sealed record ItemSucceeded(object? Result, IReadOnlyList<PlannedItem>? Spawned = null) : ItemOutcome;

/// <param name="Cause">The fingerprint by which failures fold; without anything particular to the item.</param>
/// <param name="Message">What happened to this one.</param>
/// <param name="Garbled">The upstream's answer could not be data. Many of these in a row stop the lane: the upstream has changed or is broken.</param>
/// <param name="Result">What the workload writes in the commit all the same (a profile that is known to be missing), or null.</param>
public sealed record ItemFailed(string Cause, string Message, int Attempts, bool Garbled = false, object? Result = null) : ItemOutcome;

public sealed record ItemSkipped(string Reason) : ItemOutcome;

/// <summary>Not now; ask again after a while. Spends no attempt but those that <paramref name="Attempts"/> says were made.</summary>
public sealed record ItemDeferred(TimeSpan After, string Reason, int Attempts) : ItemOutcome
{
    /// <summary>
    /// It waits for other items of its job. When nothing but such items is left in the pump's memory and others were put back, these go back too, and the next pass
    /// begins with what they wait for.
    /// </summary>
    public bool ForOthers { get; init; }
}

/// <summary>The lane's upstream refuses the service: no item of the lane can succeed until somebody acts.</summary>
public sealed record ItemRefused(string Reason) : ItemOutcome;

/// <summary>
/// A part of what the item brings is there before the item is done: it is committed now, so that a crash cannot take it, and what it spawns starts while the item goes
/// on. Handed in with <see cref="JobTicket.AdvanceAsync"/>, never answered by a run.
/// </summary>
/// <param name="Result">What the workload writes in the commit.</param>
/// <param name="Spawned">Further items that this part brought up; they join the job in the same transaction.</param>
public sealed record ItemAdvanced(object? Result, IReadOnlyList<PlannedItem>? Spawned = null) : ItemOutcome;

/// <summary>An item with its final outcome, or with a part of it, on its way into the database.</summary>
public sealed record ItemResult(Item Item, ItemOutcome Outcome, DateTimeOffset At)
{
    /// <summary>Completes when this is committed; null when nobody waits for it.</summary>
    internal TaskCompletionSource? Committed { get; init; }

    internal bool IsFinal => Outcome is not ItemAdvanced;
}
