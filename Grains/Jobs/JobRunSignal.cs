namespace OrleansBulk.Jobs;

/// <summary>What the pump's loop is told by those who work for it. Closed: the records below.</summary>
internal abstract record JobRunSignal;

internal sealed record ItemDone(Item Item, Lane Lane, ItemOutcome Outcome) : JobRunSignal;

/// <summary>Chunks were read and looked at; <paramref name="WasLast"/>: there are no further ones now.</summary>
internal sealed record ChunksClaimed(IReadOnlyList<(Chunk Chunk, IReadOnlyList<ItemOutcome?> Settled)> Chunks, bool WasLast) : JobRunSignal;

/// <summary>Reading chunks did not work because the database is away; it may be tried again.</summary>
internal sealed record ClaimPutOff : JobRunSignal;

/// <param name="Planned">How many items the job has since then, as the statement said.</param>
internal sealed record BatchCommitted(CommitBatch Batch, long Planned, TimeSpan Took) : JobRunSignal;

/// <summary>More items are stored; <paramref name="Done"/>: and the plan brings no more.</summary>
/// <param name="Planned">How many items the job has since then, as the statement said.</param>
internal sealed record PlanAdvanced(long Planned, long? Expected, bool Done) : JobRunSignal;

/// <summary>One of the pump's workers has come to an end that ends the pump.</summary>
internal sealed record WorkerEnded(RunEnd Because) : JobRunSignal;

/// <summary>Time has passed.</summary>
internal sealed record Tick : JobRunSignal
{
    public static readonly Tick Now = new();
}

/// <summary>Claim nothing more and end when what is in flight is done.</summary>
internal sealed record StopClaiming(JobStatus? ShownAs) : JobRunSignal;
