using System.Globalization;
using System.Text.Json;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>Reads and writes values of a range. All under the workbook's lock; what cannot be written is found out before anything is.</summary>
internal static class SheetValues
{
    private const int LongestCell = 50_000;

    /// <summary>The sheet and the range within its grid.</summary>
    /// <exception cref="SheetsFault">There is no such sheet, or the range lies outside its grid.</exception>
    public static (Sheet Sheet, SheetRange Range) Locate(Workbook workbook, string text)
    {
        if (SheetRange.Parse(text) is not { } range || workbook.Find(range.Title) is not { } sheet) throw SheetsFault.Invalid($"Unable to parse range: {text}");
        // Calls that write never grow the grid.
        if (range.FirstRow > sheet.RowCount || range.FirstColumn > sheet.ColumnCount || range.LastRow > sheet.RowCount || range.LastColumn > sheet.ColumnCount)
            throw SheetsFault.Invalid($"Range ({range.Of(sheet.Title)}) exceeds grid limits. Max rows: {sheet.RowCount}, max columns: {sheet.ColumnCount}");
        return (sheet, range with { LastRow = range.LastRow ?? sheet.RowCount, LastColumn = range.LastColumn ?? sheet.ColumnCount });
    }

    /// <summary>A change that was checked: it writes when it is asked to.</summary>
    public static ValueChange Plan(Workbook workbook, string rangeText, JsonElement values, bool asTyped)
    {
        var (sheet, range) = Locate(workbook, rangeText);
        var cells = new List<(int Row, int Column, object? Value)>();
        var (rows, columns) = (0, 0);
        if (values.ValueKind != JsonValueKind.Undefined)
        {
            foreach (var line in values.EnumerateArray())
            {
                var column = 0;
                foreach (var value in line.EnumerateArray())
                {
                    if (range.FirstColumn + column > range.LastColumn) throw Outside(sheet, range, $"column [{SheetRange.Name(range.FirstColumn + column)}]");
                    if (range.FirstRow + rows > range.LastRow) throw Outside(sheet, range, $"row [{range.FirstRow + rows}]");
                    if (value.ValueKind != JsonValueKind.Null) cells.Add((range.FirstRow + rows, range.FirstColumn + column, Value(value, asTyped)));
                    column++;
                }
                columns = Math.Max(columns, column);
                rows++;
            }
        }
        var written = range with { LastRow = range.FirstRow + Math.Max(rows, 1) - 1, LastColumn = range.FirstColumn + Math.Max(columns, 1) - 1 };
        return new ValueChange(sheet, written.Of(sheet.Title), rows, columns, cells);
    }

    public static void Clear(Sheet sheet, SheetRange range)
    {
        for (var row = range.FirstRow; row <= Math.Min(range.LastRow!.Value, sheet.UsedRows); row++)
            for (var column = range.FirstColumn; column <= range.LastColumn; column++) sheet[row, column] = null;
    }

    /// <summary>Rows and cells as far as something stands in them; <c>values</c> is absent where nothing does.</summary>
    /// <param name="formatted">As people see it; otherwise numbers and flags are what they are.</param>
    public static void Write(Utf8JsonWriter json, Sheet sheet, SheetRange range, bool formatted)
    {
        json.WriteStartObject();
        json.WriteString("range", range.Of(sheet.Title));
        json.WriteString("majorDimension", "ROWS");
        var lastRow = Math.Min(range.LastRow!.Value, sheet.UsedRows);
        while (lastRow >= range.FirstRow && LastCell(sheet, range, lastRow) < range.FirstColumn) lastRow--;
        if (lastRow >= range.FirstRow)
        {
            json.WriteStartArray("values");
            for (var row = range.FirstRow; row <= lastRow; row++)
            {
                json.WriteStartArray();
                for (var column = range.FirstColumn; column <= LastCell(sheet, range, row); column++) Write(json, sheet, row, column, formatted);
                json.WriteEndArray();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Sheet sheet, int row, int column, bool formatted)
    {
        switch (sheet[row, column])
        {
            case double number when !formatted: json.WriteNumberValue(number); break;
            case bool flag when !formatted: json.WriteBooleanValue(flag); break;
            default: json.WriteStringValue(sheet.Text(row, column)); break;
        }
    }

    private static int LastCell(Sheet sheet, SheetRange range, int row)
    {
        var column = range.LastColumn!.Value;
        while (column >= range.FirstColumn && sheet[row, column] is null) column--;
        return column;
    }

    /// <param name="asTyped">USER_ENTERED: as if somebody had typed it. Otherwise RAW: text stays text.</param>
    private static object? Value(JsonElement value, bool asTyped)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number: return value.GetDouble();
            case JsonValueKind.True or JsonValueKind.False: return value.GetBoolean();
            case JsonValueKind.String: break;
            default: throw SheetsFault.Invalid($"Invalid values: {value.ValueKind} is no value of a cell");
        }
        var text = value.GetString()!;
        if (text.Length > LongestCell) throw SheetsFault.Invalid("Your input contains more than the maximum of 50000 characters in a single cell.");
        if (text.Length == 0) return null;
        if (!asTyped) return text;
        return text[0] is '=' or '+' or '-' or '@' && !double.TryParse(text, CultureInfo.InvariantCulture, out _) ? new SheetFormula(text)
            : text[0] == '\'' ? text[1..]
            : double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number
            : text;
    }

    private static SheetsFault Outside(Sheet sheet, SheetRange range, string where) =>
        SheetsFault.Invalid($"Requested writing within range [{range.Of(sheet.Title)}], but tried writing to {where}");
}

/// <param name="UpdatedRange">What the answer says.</param>
internal sealed record ValueChange(Sheet Sheet, string UpdatedRange, int Rows, int Columns, IReadOnlyList<(int Row, int Column, object? Value)> Cells)
{
    public void Apply()
    {
        foreach (var (row, column, value) in Cells) Sheet[row, column] = value;
    }

    public void Write(Utf8JsonWriter json, string spreadsheetId)
    {
        json.WriteStartObject();
        json.WriteString("spreadsheetId", spreadsheetId);
        json.WriteString("updatedRange", UpdatedRange);
        json.WriteNumber("updatedRows", Rows);
        json.WriteNumber("updatedColumns", Columns);
        json.WriteNumber("updatedCells", Cells.Count);
        json.WriteEndObject();
    }
}
