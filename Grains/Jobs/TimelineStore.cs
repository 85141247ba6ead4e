using OrleansBulk.Storage;

namespace OrleansBulk.Jobs;

/// <summary>What jobs did over time, from their samples, folded to as many points as a chart can show.</summary>
public sealed class TimelineStore(Database database)
{
    private static readonly TimeSpan Narrowest = TimeSpan.FromSeconds(1);

    private const string SpanSql = """
        -- name: ReadTimelineSpan
        SELECT min(at), max(at) FROM job_samples WHERE job_id = $1
        """;

    private const string PointsSql = """
        -- name: ReadTimeline
        SELECT max(at), sum(seconds)::float8, sum(succeeded), sum(failed), sum(skipped), sum(in_flight * seconds)::float8,
               sum(calling_ms)::bigint, sum(limit_ms)::bigint, sum(backoff_ms)::bigint, sum(parked_ms)::bigint, sum(database_ms)::bigint,
               coalesce(sum(seconds) FILTER (WHERE in_flight = 0 AND calling_ms = 0 AND succeeded + failed + skipped = 0), 0)::float8
        FROM job_samples WHERE job_id = $1
        GROUP BY floor(extract(epoch FROM at - $2) / $3)
        ORDER BY 1
        """;

    /// <summary>A job from its first sample to its last, in about as many points as wanted; none when it has no samples.</summary>
    public async Task<IReadOnlyList<TimelinePoint>> ReadAsync(Guid jobId, int points, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var span = await connection.Sql(SpanSql).With(jobId).FirstAsync(row => new Span(row.Time(0), row.Time(1)), cancellationToken);
        if (span is not { First: { } first, Last: { } last })
        {
            return [];
        }

        var width = Math.Max(Narrowest.TotalSeconds, (last - first).TotalSeconds / points);
        return await connection.Sql(PointsSql).With(jobId).With(first).With(width).ListAsync(
            row => new TimelinePoint(
                row.GetFieldValue<DateTimeOffset>(0), row.GetDouble(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetDouble(5),
                Milliseconds(row.GetInt64(6)), Milliseconds(row.GetInt64(7)), Milliseconds(row.GetInt64(8)), Milliseconds(row.GetInt64(9)), Milliseconds(row.GetInt64(10)),
                TimeSpan.FromSeconds(row.GetDouble(11))),
            cancellationToken);
    }

    private const string FinishedSql = """
        -- name: ReadFinishedItems
        SELECT date_bin('1 minute', at, 'epoch'), sum(succeeded), sum(failed), sum(skipped)
        FROM job_samples WHERE at >= $1 GROUP BY 1 ORDER BY 1
        """;

    /// <summary>What all jobs together finished, minute by minute; minutes in which nothing was finished may be missing.</summary>
    public async Task<IReadOnlyList<FinishedItems>> ReadFinishedAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FinishedSql).With(since)
            .ListAsync(row => new FinishedItems(row.GetFieldValue<DateTimeOffset>(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), cancellationToken);
    }

    private static TimeSpan Milliseconds(long milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private sealed record Span(DateTimeOffset? First, DateTimeOffset? Last);
}

/// <summary>A part of a job's time.</summary>
/// <param name="At">Its end.</param>
/// <param name="Seconds">How much of it the job was at work.</param>
/// <param name="InFlight">Items in flight, times the seconds they were.</param>
/// <param name="Calling">Until upstreams answered, added up over the calls; so are the three that follow.</param>
/// <param name="Database">Until results were committed.</param>
/// <param name="Idle">Nothing was in flight.</param>
public sealed record TimelinePoint(
    DateTimeOffset At, double Seconds, long Succeeded, long Failed, long Skipped, double InFlight,
    TimeSpan Calling, TimeSpan AtLimit, TimeSpan Backoff, TimeSpan Parked, TimeSpan Database, TimeSpan Idle)
{
    public long Finished => Succeeded + Failed + Skipped;
}

/// <summary>What became of items in one minute.</summary>
/// <param name="At">Its beginning.</param>
public sealed record FinishedItems(DateTimeOffset At, long Succeeded, long Failed, long Skipped)
{
    public long All => Succeeded + Failed + Skipped;
}
