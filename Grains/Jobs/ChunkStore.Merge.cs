using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

// How chunks are stored, claimed and committed when they are merged whole.
internal sealed partial class ChunkStore
{
    private const string StandSql = """
        -- name: ReadMergeState
        SELECT commit_no, succeeded, failed, skipped FROM jobs WHERE id = $1 AND epoch = $2 FOR UPDATE
        """;

    /// <summary>What the database says is committed: after a broken connection nobody else knows. A commit that the server is still at is waited for, as in <see cref="ReadPlanStateAsync"/>.</summary>
    public async Task<MergeState> ReadMergeStateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var state = await connection.Sql(StandSql).With(jobId).With(epoch)
            .FirstAsync(row => new MergeState(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), cancellationToken)
            ?? throw new EpochFencedException(jobId, epoch);
        _commitNo = state.CommitNo;
        return state;
    }

    private const string NextMergeSql = """
        -- name: NextMerge
        SELECT no, first_ordinal, length(outcomes) FROM chunks
        WHERE job_id = $1 AND no > $2 AND position('.' in outcomes) > 0
        ORDER BY no LIMIT $3
        """;

    /// <summary>
    /// Begins the transaction that merges the next pending chunks behind a number, and writes what may be written before the merges before it are committed. Null when no
    /// chunk is pending there.
    /// </summary>
    public async Task<OpenMerge?> OpenMergeAsync(IMergeWorkload workload, MergeTicket job, int after, CancellationToken cancellationToken)
    {
        var merge = await OpenMerge.BeginAsync(database.Bulk, cancellationToken);
        try
        {
            var next = await merge.Connection.Sql(NextMergeSql).With(jobId).With(after).With(workload.ChunksPerMerge)
                .ListAsync(row => new MergeChunk(row.GetInt32(0), row.GetInt64(1), row.GetInt32(2)), cancellationToken);
            if (next.Count > 0)
            {
                merge.Take(next, isLast: next.Count < workload.ChunksPerMerge);
                await workload.WriteAheadAsync(merge.Connection, job, merge.Range, cancellationToken);
                return merge;
            }
        }
        catch
        {
            await merge.DisposeAsync();
            throw;
        }

        await merge.DisposeAsync();
        return null;
    }

    /// <summary>
    /// Does the rest of a merge and commits it with its outcomes; the merge before it is committed. The fence comes last: the job's row is locked for a moment only, so a
    /// command or a heartbeat never waits for a merge.
    /// </summary>
    /// <param name="at">When failures are said to have happened.</param>
    /// <exception cref="EpochFencedException">Another epoch owns the job; nothing was written.</exception>
    public async Task<MergedChunks> CommitMergeAsync(OpenMerge merge, IMergeWorkload workload, MergeTicket job, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var open = merge;
        var outcome = await workload.MergeAsync(merge.Connection, job, merge.Range, cancellationToken);
        var merged = MergedChunks.Of(outcome, merge.Chunks, merge.Range, at);
        if (await merge.Connection.Sql(FenceSql)
            .With(jobId).With(epoch).With(_commitNo).With(0).With(0L)
            .With(merged.Succeeded).With(merged.Failed).With(merged.Skipped).With(0L).With(0L).With(0L)
            .FirstAsync(row => new Place(row.GetInt32(0), row.GetInt64(1)), cancellationToken) is null)
        {
            throw new EpochFencedException(jobId, epoch);
        }

        await using (var writes = new NpgsqlBatch(merge.Connection))
        {
            merged.Rows.AddTo(writes, jobId, OutcomesSql, FailuresSql, CausesSql, SkipsSql);
            await writes.ExecuteNonQueryAsync(cancellationToken);
        }

        await merge.CommitAsync(cancellationToken);
        _commitNo++;
        return merged;
    }
}

/// <summary>What is committed of a job that is merged.</summary>
internal sealed record MergeState(long CommitNo, long Succeeded, long Failed, long Skipped);
