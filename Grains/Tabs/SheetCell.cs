using System.Globalization;
using System.Text.Json;

namespace OrleansBulk.Tabs;

/// <summary>What stands in a cell of a sheet, or is to stand there: a text, a number or a flag. Numbers and flags are such where the format of their column says so and nothing of them is lost.</summary>
/// <param name="Text">A flag's is <c>yes</c> or <c>no</c>.</param>
internal readonly record struct SheetCell(string Text, SheetCellKind Kind = SheetCellKind.Text)
{
    public static readonly SheetCell Empty = new("");

    public static SheetCell Of(string text, TabFormat format) => format switch
    {
        TabFormat.Number when TabNumber.IsExact(text) => new SheetCell(text, SheetCellKind.Number),
        TabFormat.Flag when text is "yes" or "no" => new SheetCell(text, SheetCellKind.Flag),
        _ => new SheetCell(text),
    };

    /// <summary>Of an answer that was asked for without formatting.</summary>
    public static SheetCell Read(JsonElement cell) => cell.ValueKind switch
    {
        JsonValueKind.String => Legible(cell) is { } text ? new SheetCell(text) : new SheetCell("", SheetCellKind.Other),
        JsonValueKind.Number => new SheetCell(cell.GetRawText(), SheetCellKind.Number),
        JsonValueKind.True => new SheetCell("yes", SheetCellKind.Flag),
        JsonValueKind.False => new SheetCell("no", SheetCellKind.Flag),
        _ => new SheetCell("", SheetCellKind.Other),
    };

    public void Write(Utf8JsonWriter json)
    {
        switch (Kind)
        {
            case SheetCellKind.Number:
                json.WriteNumberValue(double.Parse(Text, CultureInfo.InvariantCulture));
                break;
            case SheetCellKind.Flag:
                json.WriteBooleanValue(Text == "yes");
                break;
            default:
                json.WriteStringValue(Text);
                break;
        }
    }

    /// <summary>Whether this is wanted and that is there. A spreadsheet may keep the end of a line in another form: that is no difference, and must not be written again and again.</summary>
    public bool IsSame(SheetCell there) => Kind == there.Kind && Kind switch
    {
        SheetCellKind.Number => double.Parse(Text, CultureInfo.InvariantCulture).Equals(double.Parse(there.Text, CultureInfo.InvariantCulture)),
        SheetCellKind.Text => Text == there.Text || (Text.Contains('\r', StringComparison.Ordinal) && LineFeeds(Text) == LineFeeds(there.Text)),
        SheetCellKind.Flag => Text == there.Text,
        _ => false,
    };

    private static string LineFeeds(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>Null: half of a surrogate pair is no text.</summary>
    private static string? Legible(JsonElement cell)
    {
        try
        {
            return cell.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}

internal enum SheetCellKind
{
    Text,
    Number,
    Flag,

    /// <summary>Something that nobody asked for.</summary>
    Other,
}
