using System.Globalization;

namespace OrleansBulk.Tabs;

/// <summary>Ranges of a sheet in A1 notation. Rows and columns from 1.</summary>
internal static class SheetRange
{
    /// <param name="lastRow">Null: as far as the grid goes.</param>
    public static string Of(string title, int firstRow, int firstColumn, int? lastRow, int lastColumn) => string.Create(
        CultureInfo.InvariantCulture, $"'{title.Replace("'", "''", StringComparison.Ordinal)}'!{Column(firstColumn)}{firstRow}:{Column(lastColumn)}{lastRow}");

    /// <summary>1 is A, 27 is AA.</summary>
    public static string Column(int number)
    {
        var name = "";
        for (; number > 0; number = (number - 1) / 26)
        {
            name = (char)('A' + ((number - 1) % 26)) + name;
        }

        return name;
    }
}
