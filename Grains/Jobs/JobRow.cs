using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>A job as its row tells it, without the spec (which can be large). Totals are of committed outcomes.</summary>
public sealed record JobRow
{
    public required Guid Id { get; init; }

    public required string Workload { get; init; }

    public required JobStatus Status { get; init; }

    public required JobMode Mode { get; init; }

    public required int MaxConcurrency { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public string? Error { get; init; }

    public string? IdempotencyKey { get; init; }

    public long Epoch { get; init; }

    public long CommitNo { get; init; }

    public string? Owner { get; init; }

    public DateTimeOffset? Heartbeat { get; init; }

    public bool PlanDone { get; init; }

    public string? PlanCursor { get; init; }

    public long? Expected { get; init; }

    public long Planned { get; init; }

    public long Succeeded { get; init; }

    public long Failed { get; init; }

    public long Skipped { get; init; }

    public long Cancelled { get; init; }

    public long CallsMade { get; init; }

    public long CallsAvoided { get; init; }

    public long Retries { get; init; }

    public DateTimeOffset? ChunksDroppedAt { get; init; }

    /// <summary>What was asked for; while planning what is expected, when that is known.</summary>
    public long Submitted => PlanDone ? Planned : Math.Max(Planned, Expected ?? 0);

    public JobProgress ToProgress(DateTimeOffset at) => new()
    {
        JobId = Id,
        Status = Status,
        Submitted = Submitted,
        Planned = Planned,
        Succeeded = Succeeded,
        Failed = Failed,
        Skipped = Skipped,
        Cancelled = Cancelled,
        CallsMade = CallsMade,
        CallsAvoided = CallsAvoided,
        Retries = Retries,
        Error = Error,
        At = at,
    };

    internal const string Columns = """
        id, workload, status, mode, max_concurrency, created_by, created_at, started_at, finished_at, error, idempotency_key,
        epoch, commit_no, owner, heartbeat, plan_done, plan_cursor, expected, planned, succeeded, failed, skipped, cancelled,
        calls_made, calls_avoided, retries, chunks_dropped_at
        """;

    internal static JobRow Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Workload = row.GetString(1),
        Status = JobStatusExtensions.Parse(row.GetString(2))!.Value,
        Mode = JobModeExtensions.Parse(row.GetString(3))!.Value,
        MaxConcurrency = row.GetInt32(4),
        CreatedBy = row.GetString(5),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(6),
        StartedAt = row.Time(7),
        FinishedAt = row.Time(8),
        Error = row.Text(9),
        IdempotencyKey = row.Text(10),
        Epoch = row.GetInt64(11),
        CommitNo = row.GetInt64(12),
        Owner = row.Text(13),
        Heartbeat = row.Time(14),
        PlanDone = row.GetBoolean(15),
        PlanCursor = row.Text(16),
        Expected = row.Long(17),
        Planned = row.GetInt64(18),
        Succeeded = row.GetInt64(19),
        Failed = row.GetInt64(20),
        Skipped = row.GetInt64(21),
        Cancelled = row.GetInt64(22),
        CallsMade = row.GetInt64(23),
        CallsAvoided = row.GetInt64(24),
        Retries = row.GetInt64(25),
        ChunksDroppedAt = row.Time(26),
    };
}
