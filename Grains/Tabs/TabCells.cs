using System.Globalization;

namespace OrleansBulk.Tabs;

/// <summary>Makes the text of a cell from a value of the source.</summary>
internal static class TabCells
{
    /// <summary>What a cell of a spreadsheet holds at most.</summary>
    public const int Longest = 50_000;

    /// <summary>Nothing is an empty cell.</summary>
    public static string Text(object? value, TabFormat format) => (value, format) switch
    {
        (null or DBNull, _) => "",
        (bool yes, _) => yes ? "yes" : "no",
        (TimeOnly time, _) => time.ToString("HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        (DateOnly day, _) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        (DateTime time, TabFormat.Date) => Utc(time).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        (DateTime time, _) => Utc(time).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        (Array many, _) => string.Join(", ", many.Cast<object?>().Select(one => Text(one, format))),
        (IFormattable number, _) => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!.Replace("\0", "", StringComparison.Ordinal),
    };

    private static DateTime Utc(DateTime time) => time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time;
}
