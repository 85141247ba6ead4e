using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>A commit or command came from an owner whose epoch is over: another activation has the job now. What it wanted to write was not written.</summary>
internal sealed class EpochFencedException(Guid jobId, long epoch)
    : Exception($"Job {jobId} is no longer owned under epoch {epoch}: it was taken over, cancelled or deleted. Nothing was written.");

/// <summary>The chunks of one job under one epoch: planning, claiming, committing. On the bulk lane; every write is fenced by the epoch.</summary>
/// <param name="pace">At which planning, claiming and committing go, for work that nobody waits for; null: none.</param>
/// <param name="hurry">Cancelled when the pump stops: from then on commits go at no pace, since it has a few seconds to write what it knows.</param>
internal sealed partial class ChunkStore(Database database, Guid jobId, long epoch, long commitNo, BackgroundPace? pace = null, CancellationToken hurry = default)
{
    private long _commitNo = commitNo; // written by the committer only

    private const string ReservePlanSql = """
        -- name: ReservePlan
        UPDATE jobs SET next_chunk = next_chunk + $3, planned = planned + $4, plan_cursor = $5, heartbeat = now()
        WHERE id = $1 AND epoch = $2
        RETURNING next_chunk - $3, planned - $4
        """;

    private const string CopyChunksSql = "COPY chunks (job_id, no, first_ordinal, items, outcomes) FROM STDIN (FORMAT BINARY)";

    /// <summary>Stores planned items as chunks and moves the plan's cursor behind them, in one transaction. Answers how many items the job has then.</summary>
    public async Task<long> PlanAsync(IReadOnlyList<PlannedItem> items, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var chunks = (items.Count + Chunk.MaxItems - 1) / Chunk.MaxItems;
        var place = await connection.Sql(ReservePlanSql)
            .With(jobId).With(epoch).With(chunks).With((long)items.Count).WithText(items[^1].Cursor)
            .FirstAsync(row => new Place(row.GetInt32(0), row.GetInt64(1)), cancellationToken)
            ?? throw new EpochFencedException(jobId, epoch);
        await CopyAsync(connection, items, place, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return place.Ordinal + items.Count;
    }

    private const string PlanDoneSql = """
        -- name: PlanDone
        UPDATE jobs SET plan_done = true, expected = planned, status = CASE WHEN status = 'planning' THEN 'running' ELSE status END, heartbeat = now()
        WHERE id = $1 AND epoch = $2
        RETURNING planned
        """;

    /// <summary>The plan has ended. Answers how many items it brought.</summary>
    public async Task<long> PlanDoneAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(PlanDoneSql).With(jobId).With(epoch).FirstAsync(row => (object)row.GetInt64(0), cancellationToken) is long planned
            ? planned
            : throw new EpochFencedException(jobId, epoch);
    }

    private const string PlanStateSql = """
        -- name: PlanState
        SELECT plan_cursor, planned FROM jobs WHERE id = $1 AND epoch = $2 FOR UPDATE
        """;

    /// <summary>
    /// Where the plan stands in the database: after a broken connection nobody knows whether the last transaction went through. The server may still be at it: then it
    /// holds the job's row, and is waited for.
    /// </summary>
    public async Task<(string? Cursor, long Planned)> ReadPlanStateAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var state = await connection.Sql(PlanStateSql).With(jobId).With(epoch).FirstAsync(row => Tuple.Create(row.Text(0), row.GetInt64(1)), cancellationToken)
            ?? throw new EpochFencedException(jobId, epoch);
        return (state.Item1, state.Item2);
    }

    private const string SetExpectedSql = """
        -- name: SetExpected
        UPDATE jobs SET expected = $3 WHERE id = $1 AND epoch = $2
        """;

    public async Task SetExpectedAsync(long expected, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(SetExpectedSql).With(jobId).With(epoch).With(expected).RunAsync(cancellationToken);
    }

    private const string ClaimSql = """
        -- name: ClaimChunks
        SELECT no, first_ordinal, items::text, outcomes FROM chunks
        WHERE job_id = $1 AND no > $2 AND position('.' in outcomes) > 0 AND no <> ALL($3)
        ORDER BY no LIMIT $4
        """;

    /// <summary>
    /// The next chunks with pending items, in order. Reading is claiming: the pump of this epoch is the only one whose commits count.
    /// </summary>
    /// <param name="open">Chunks that the pump holds already.</param>
    public async Task<List<Chunk>> ClaimAsync(int after, int[] open, int limit, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ClaimSql).With(jobId).With(after).With(open).With(limit)
            .ListAsync(row => Chunk.Read(row.GetInt32(0), row.GetInt64(1), row.GetFieldValue<byte[]>(2), row.GetString(3)), cancellationToken);
    }

    private const string FenceSql = """
        -- name: CommitFence
        UPDATE jobs SET commit_no = $3 + 1, heartbeat = now(),
            next_chunk = next_chunk + $4, planned = planned + $5,
            succeeded = succeeded + $6, failed = failed + $7, skipped = skipped + $8,
            calls_made = calls_made + $9, calls_avoided = calls_avoided + $10, retries = retries + $11
        WHERE id = $1 AND epoch = $2 AND commit_no = $3
        RETURNING next_chunk - $4, planned - $5
        """;

    private const string WasCommittedSql = """
        -- name: WasCommitted
        SELECT planned FROM jobs WHERE id = $1 AND epoch = $2 AND commit_no = $3 + 1
        """;

    private const string OutcomesSql = """
        -- name: CommitOutcomes
        UPDATE chunks c SET outcomes = u.outcomes
        FROM unnest($2::integer[], $3::text[]) AS u(no, outcomes)
        WHERE c.job_id = $1 AND c.no = u.no
        """;

    private const string FailuresSql = """
        -- name: CommitFailures
        INSERT INTO failures (job_id, ordinal, key, cause, message, attempts, at, chunk_no)
        SELECT $1, u.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::integer[], $7::timestamptz[], $8::integer[]) AS u
        """;

    private const string CausesSql = """
        -- name: CommitCauses
        INSERT INTO failure_causes (job_id, cause, count, example)
        SELECT $1, u.* FROM unnest($2::text[], $3::bigint[], $4::text[]) AS u
        ON CONFLICT (job_id, cause) DO UPDATE SET
            count = failure_causes.count + excluded.count,
            latest_at = CASE WHEN failure_causes.latest_at < now() - interval '1 minute' THEN now() ELSE failure_causes.latest_at END
        """;

    private const string SkipsSql = """
        -- name: CommitSkips
        INSERT INTO skip_reasons (job_id, reason, count)
        SELECT $1, u.* FROM unnest($2::text[], $3::bigint[]) AS u
        ON CONFLICT (job_id, reason) DO UPDATE SET count = skip_reasons.count + excluded.count
        """;

    /// <summary>
    /// Writes results, outcomes and failures in one transaction: all of it or nothing. Call it again with the same batch when the connection broke:
    /// whether the first try went through is told by <c>commit_no</c>. Answers how many items the job has then, with those that these brought up.
    /// </summary>
    /// <exception cref="EpochFencedException">Another epoch owns the job.</exception>
    public async Task<long> CommitAsync(CommitBatch batch, IWorkloadRun workload, CancellationToken cancellationToken)
    {
        using var turn = await TurnToCommitAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var spawned = batch.Spawned;
        var place = await connection.Sql(FenceSql)
            .With(jobId).With(epoch).With(_commitNo)
            .With((spawned.Count + Chunk.MaxItems - 1) / Chunk.MaxItems).With((long)spawned.Count)
            .With(batch.Succeeded).With(batch.Failed).With(batch.Skipped)
            .With(batch.Cost.Calls + 0L).With(batch.Cost.Avoided + 0L).With(batch.Cost.Retries + 0L)
            .FirstAsync(row => new Place(row.GetInt32(0), row.GetInt64(1)), cancellationToken);
        if (place is null)
        {
            var planned = await connection.Sql(WasCommittedSql).With(jobId).With(epoch).With(_commitNo).FirstAsync(row => (object)row.GetInt64(0), cancellationToken);
            if (planned is not long known)
            {
                throw new EpochFencedException(jobId, epoch);
            }

            _commitNo++;
            return known; // the try before had gone through; only its answer was lost
        }

        await workload.WriteAsync(connection, batch.Results, cancellationToken);
        await using (var writes = new NpgsqlBatch(connection))
        {
            batch.Rows.AddTo(writes, jobId, OutcomesSql, FailuresSql, CausesSql, SkipsSql);
            await writes.ExecuteNonQueryAsync(cancellationToken);
        }

        if (spawned.Count > 0)
        {
            await CopyAsync(connection, spawned, place, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        _commitNo++;
        return place.Ordinal + spawned.Count;
    }

    private async ValueTask<BackgroundPace.Turn> TurnToCommitAsync(CancellationToken cancellationToken)
    {
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, hurry);
        try
        {
            return await pace.TurnAsync(wait.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return default; // in a hurry
        }
    }

    private const string HeartbeatSql = """
        -- name: Heartbeat
        UPDATE jobs SET heartbeat = now() WHERE id = $1 AND epoch = $2 RETURNING status
        """;

    /// <summary>Says that the owner lives. Answers what the job is by now: a command may have changed it without being heard of. Null: it has another owner.</summary>
    public async Task<JobStatus?> BeatAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return JobStatusExtensions.Parse(await connection.Sql(HeartbeatSql).With(jobId).With(epoch).FirstAsync(row => row.GetString(0), cancellationToken));
    }

    private const string SampleSql = """
        -- name: WriteSamples
        INSERT INTO job_samples (job_id, at, seconds, succeeded, failed, skipped, in_flight, calls, calling_ms, limit_ms, backoff_ms, parked_ms, database_ms, bound_by)
        SELECT $1, u.* FROM unnest($2::timestamptz[], $3::real[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[]) AS u
        ON CONFLICT DO NOTHING
        """;

    public async Task WriteSamplesAsync(IReadOnlyList<JobSample> samples, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await connection.Sql(SampleSql).With(jobId)
            .With(Column(sample => sample.At)).With(Column(sample => (float)sample.Span.TotalSeconds))
            .With(Column(sample => sample.Succeeded)).With(Column(sample => sample.Failed)).With(Column(sample => sample.Skipped))
            .With(Column(sample => sample.InFlight)).With(Column(sample => sample.Cost.Calls))
            .With(Column(sample => (long)sample.Cost.Calling.TotalMilliseconds)).With(Column(sample => (long)sample.Cost.AtLimit.TotalMilliseconds))
            .With(Column(sample => (long)sample.Cost.Backoff.TotalMilliseconds)).With(Column(sample => (long)sample.Cost.Parked.TotalMilliseconds))
            .With(Column(sample => (long)sample.Database.TotalMilliseconds)).WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Text, Column(sample => sample.BoundBy))
            .RunAsync(cancellationToken);

        T[] Column<T>(Func<JobSample, T> of) => [.. samples.Select(of)];
    }

    private async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<PlannedItem> items, Place place, CancellationToken cancellationToken)
    {
        var all = items as PlannedItem[] ?? [.. items];
        await using var copy = await connection.BeginBinaryImportAsync(CopyChunksSql, cancellationToken);
        for (int from = 0, no = place.Chunk; from < all.Length; from += Chunk.MaxItems, no++)
        {
            var count = Math.Min(Chunk.MaxItems, all.Length - from);
            await copy.StartRowAsync(cancellationToken);
            await copy.WriteAsync(jobId, NpgsqlDbType.Uuid, cancellationToken);
            await copy.WriteAsync(no, NpgsqlDbType.Integer, cancellationToken);
            await copy.WriteAsync(place.Ordinal + from, NpgsqlDbType.Bigint, cancellationToken);
            await copy.WriteAsync(Chunk.Write(all.AsSpan(from, count)), NpgsqlDbType.Json, cancellationToken);
            await copy.WriteAsync(new string(OutcomeLetter.Pending, count), NpgsqlDbType.Text, cancellationToken);
        }

        await copy.CompleteAsync(cancellationToken);
    }

    /// <summary>Where the next chunk and the next item go.</summary>
    private sealed record Place(int Chunk, long Ordinal);
}
