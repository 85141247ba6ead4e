using System.Globalization;
using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Distribution;

/// <summary>Daily schedules: keeping them, and running what is due.</summary>
public sealed class ScheduleStore(Database database, DistributionStore distributions, TimeProvider time)
{
    private const string ListSql = $"""
        -- name: ListSchedules
        SELECT {ScheduleRow.Columns} FROM distribution_schedules ORDER BY name
        """;

    public async Task<IReadOnlyList<ScheduleRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ListSql).ListAsync(ScheduleRow.Read, cancellationToken);
    }

    private const string PutSql = $"""
        -- name: PutSchedule
        INSERT INTO distribution_schedules (name, time_of_day, time_zone, count, recipients, allow_partial, enabled, due, changed_by, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (name) DO UPDATE SET time_of_day = $2, time_zone = $3, count = $4, recipients = $5, allow_partial = $6, enabled = $7, due = $8, changed_by = $9, changed_at = $10
        RETURNING {ScheduleRow.Columns}
        """;

    /// <summary>Adds a schedule or changes the one of this name; it runs at the next time of day that comes.</summary>
    public async Task<ScheduleRow> PutAsync(DistributionRequest request, DailyTime daily, bool enabled, string changedBy, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(PutSql)
            .With(request.Name).With(daily.At).With(daily.Zone.Id).With(request.Count).With(request.Recipients.ToArray()).With(request.AllowPartial).With(enabled)
            .With(daily.After(now)).With(changedBy).With(now)
            .FirstAsync(ScheduleRow.Read, cancellationToken))!;
    }

    private const string DeleteSql = """
        -- name: DeleteSchedule
        DELETE FROM distribution_schedules WHERE name = $1
        """;

    /// <summary>Forgets a schedule; what it has made stays. False when there is none.</summary>
    public async Task<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(DeleteSql).With(name).RunAsync(cancellationToken) == 1;
    }

    private const string DueSql = """
        -- name: FindDueSchedules
        SELECT name FROM distribution_schedules WHERE enabled AND due <= $1 ORDER BY due, name
        """;

    internal async Task<IReadOnlyList<string>> FindDueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(DueSql).With(time.GetUtcNow()).ListAsync(row => row.GetString(0), cancellationToken);
    }

    private const string TakeSql = $"""
        -- name: TakeDueSchedule
        SELECT {ScheduleRow.Columns} FROM distribution_schedules WHERE name = $1 AND enabled AND due <= $2 FOR UPDATE
        """;

    private const string RanSql = """
        -- name: ScheduleRan
        UPDATE distribution_schedules SET due = $2, last_run = $3, last_result = $4 WHERE name = $1
        """;

    /// <summary>
    /// Makes the distribution that is due and moves the schedule on, in one transaction: so never twice, whoever else tries; and once for all the days that were missed,
    /// since it moves on to the next time that is still to come. Null when nothing is due.
    /// </summary>
    internal async Task<ScheduleRun?> RunDueAsync(string name, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.Sql(TakeSql).With(name).With(now).FirstAsync(ScheduleRow.Read, cancellationToken) is not { } schedule || !DailyTime.TryParse(schedule.TimeOfDay, schedule.TimeZone, out var daily))
        {
            return null;
        }

        var run = await MakeAsync(connection, transaction, schedule, daily.LastDay(now), cancellationToken);
        await connection.Sql(RanSql).With(name).With(daily.After(now)).With(now).With(run.Words).RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return run;
    }

    private async Task<ScheduleRun> MakeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ScheduleRow schedule, DateOnly day, CancellationToken cancellationToken)
    {
        const string Before = "before";
        var request = new DistributionRequest($"{schedule.Name} {day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}", schedule.Count, schedule.Recipients, schedule.AllowPartial);
        await transaction.SaveAsync(Before, cancellationToken);
        switch (await distributions.MakeAsync(connection, request, $"schedule:{schedule.Name}", cancellationToken))
        {
            case DistributionMade { IsNew: true } made:
                return new ScheduleRun(true, $"{made.Distribution.Selected} usernames handed out as '{request.Name}'");
            case DistributionMade:
                return new ScheduleRun(false, $"'{request.Name}' was there already");
            case TooFewUnused few:
                await transaction.RollbackAsync(Before, cancellationToken);
                return new ScheduleRun(false, $"nothing handed out: {few.Available} usernames were unused, {request.Count} are wanted");
            case var other:
                throw new InvalidOperationException($"{other.GetType().Name} is no reply to a distribution.");
        }
    }
}

/// <summary>What a schedule's run came to, in words.</summary>
internal sealed record ScheduleRun(bool Made, string Words);
