using System.Globalization;
using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Distribution;

/// <summary>A daily distribution.</summary>
/// <param name="TimeOfDay"><c>06:30</c></param>
/// <param name="Due">When it runs next.</param>
/// <param name="LastResult">What the last run came to, in words.</param>
public sealed record ScheduleRow(
    string Name, string TimeOfDay, string TimeZone, int Count, IReadOnlyList<string> Recipients, bool AllowPartial, bool Enabled, DateTimeOffset Due, DateTimeOffset? LastRun, string? LastResult)
{
    internal const string Columns = "name, time_of_day, time_zone, count, recipients, allow_partial, enabled, due, last_run, last_result";

    internal static ScheduleRow Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetFieldValue<TimeOnly>(1).ToString("HH:mm", CultureInfo.InvariantCulture), row.GetString(2), row.GetInt32(3), row.GetFieldValue<string[]>(4), row.GetBoolean(5), row.GetBoolean(6),
        row.GetFieldValue<DateTimeOffset>(7), row.Time(8), row.Text(9));
}
