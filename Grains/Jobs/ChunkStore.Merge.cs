using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

// How chunks are stored, claimed and committed when they are merged whole.
internal sealed partial class ChunkStore
{
    private const string StandSql = """
        -- name: ReadMergeState
        SELECT commit_no, succeeded, failed, skipped FROM jobs WHERE id = $1 AND epoch = $2
        """;

    /// <summary>What the database says is committed: after a broken connection nobody else knows.</summary>
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
        WHERE job_id = $1 AND position('.' in outcomes) > 0
        ORDER BY no LIMIT $2
        """;

    /// <summary>
    /// Merges the next pending chunks and commits their outcomes, in one transaction; null when none is pending. The fence comes last: the job's row is locked for a
    /// moment only, so a command or a heartbeat never waits for a merge.
    /// </summary>
    /// <param name="at">When failures are said to have happened.</param>
    /// <exception cref="EpochFencedException">Another epoch owns the job; nothing was written.</exception>
    public async Task<MergedChunks?> MergeAsync(IMergeWorkload workload, MergeTicket job, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var next = await connection.Sql(NextMergeSql).With(jobId).With(workload.ChunksPerMerge)
            .ListAsync(row => new MergeChunk(row.GetInt32(0), row.GetInt64(1), row.GetInt32(2)), cancellationToken);
        if (next.Count == 0)
        {
            return null;
        }

        var range = new MergeRange(next[0].First, next.Sum(chunk => chunk.Items));
        if (next[^1].First + next[^1].Items != range.First + range.Items)
        {
            throw new InvalidOperationException($"The pending chunks {next[0].No} to {next[^1].No} of job {jobId} do not follow each other: they hold {range.Items} items between ordinals {range.First} and {next[^1].First + next[^1].Items}.");
        }

        var outcome = await workload.MergeAsync(connection, job, range, cancellationToken);
        var merged = MergedChunks.Of(outcome, next, range, at) with { WasLast = next.Count < workload.ChunksPerMerge };
        if (await connection.Sql(FenceSql)
            .With(jobId).With(epoch).With(_commitNo).With(0).With(0L)
            .With(merged.Succeeded).With(merged.Failed).With(merged.Skipped).With(0L).With(0L).With(0L)
            .FirstAsync(row => new Place(row.GetInt32(0), row.GetInt64(1)), cancellationToken) is null)
        {
            throw new EpochFencedException(jobId, epoch);
        }

        await using (var writes = new NpgsqlBatch(connection))
        {
            merged.Rows.AddTo(writes, jobId, OutcomesSql, FailuresSql, CausesSql, SkipsSql);
            await writes.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        _commitNo++;
        return merged;
    }
}

/// <summary>What is committed of a job that is merged.</summary>
internal sealed record MergeState(long CommitNo, long Succeeded, long Failed, long Skipped);

internal readonly record struct MergeChunk(int No, long First, int Items);
