using Npgsql;

namespace OrleansBulk.Jobs;

/// <summary>
/// A kind of bulk work that settles whole runs of chunks with a few statements, for work that is the database's alone: its items are rows which the workload staged
/// before the job was accepted, no item is ever held in memory, and yet each gets its own outcome.
/// </summary>
public interface IMergeWorkload : IWorkloadKind
{
    bool IWorkloadKind.CanRetry => false;

    /// <summary>Chunks that one transaction merges at most. Many make one merge cheap, few make progress visible and a crash cheap.</summary>
    int ChunksPerMerge { get; }

    /// <summary>
    /// Writes what asks nothing of the merges before this one, in the transaction that <see cref="MergeAsync"/> goes on with: it may run while the merge before is still
    /// under way, and must wait for nothing that another merge holds. Nothing to write ahead is a good answer.
    /// </summary>
    Task WriteAheadAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the rest of what the items of a run of chunks come to, with all merges before it committed, inside the transaction that commits their outcomes, which may be
    /// rolled back and begun again: nothing but SQL.
    /// </summary>
    Task<MergeOutcome> MergeAsync(NpgsqlConnection connection, MergeTicket job, MergeRange range, CancellationToken cancellationToken);

    /// <summary>The job is completed: what was staged for it can go. Not called when the process dies before, so somebody must look after that too.</summary>
    Task ForgetAsync(Guid jobId, CancellationToken cancellationToken);
}

/// <summary>What a workload knows of the job it merges.</summary>
/// <param name="Spec">As the workload's intake stored it, JSON.</param>
public sealed record MergeTicket(Guid Id, DateTimeOffset CreatedAt, string Spec);

/// <summary>The items of consecutive chunks.</summary>
/// <param name="First">Ordinal of the first item.</param>
/// <param name="Items">How many; each chunk but a job's last has <see cref="Chunk.MaxItems"/>.</param>
public readonly record struct MergeRange(long First, int Items);

/// <summary>What a run of chunks came to.</summary>
/// <param name="Letters">One <see cref="OutcomeLetter"/> per item, in order.</param>
/// <param name="Failures">One per letter of a failure, in order.</param>
/// <param name="SkipReason">Why the skipped ones were.</param>
public sealed record MergeOutcome(char[] Letters, IReadOnlyList<MergeFailure> Failures, string SkipReason);

public sealed record MergeFailure(long Ordinal, string Key, string Cause, string Message);
