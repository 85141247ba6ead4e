using System.Globalization;
using System.Text.RegularExpressions;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>A range in A1 notation. Rows and columns from 1; ends that are null are open: as far as the grid goes.</summary>
/// <param name="Title">Null: the first sheet.</param>
internal sealed partial record SheetRange(string? Title, int FirstRow, int FirstColumn, int? LastRow, int? LastColumn)
{
    /// <summary>Null for what is no range.</summary>
    public static SheetRange? Parse(string text)
    {
        var (title, cells) = Split(text);
        if (cells is null) return title is null ? null : new SheetRange(title, 1, 1, null, null);
        if (Pattern().Match(cells) is not { Success: true } match) return title is null ? new SheetRange(text, 1, 1, null, null) : null;
        var (row, column) = (Number(match, "row"), Column(match, "column"));
        if (!match.Groups["second"].Success) return row is null || column is null ? null : new SheetRange(title, row.Value, column.Value, row, column);
        var (lastRow, lastColumn) = (Number(match, "lastRow"), Column(match, "lastColumn"));
        return lastRow < row || lastColumn < column ? null : new SheetRange(title, row ?? 1, column ?? 1, lastRow, lastColumn);
    }

    public string Of(string title)
    {
        var quoted = PlainTitle().IsMatch(title) ? title : $"'{title.Replace("'", "''", StringComparison.Ordinal)}'";
        var first = Name(FirstColumn) + FirstRow;
        var last = (LastColumn is { } column ? Name(column) : "") + LastRow;
        return last.Length == 0 || last == first ? $"{quoted}!{first}" : $"{quoted}!{first}:{last}";
    }

    public static string Name(int column)
    {
        var name = "";
        for (; column > 0; column = (column - 1) / 26) name = (char)('A' + (column - 1) % 26) + name;
        return name;
    }

    private static (string? Title, string? Cells) Split(string text)
    {
        if (!text.StartsWith('\''))
        {
            var mark = text.LastIndexOf('!');
            return mark < 0 ? (null, text) : (text[..mark], text[(mark + 1)..]);
        }
        var end = 1;
        while (end < text.Length && (text[end] != '\'' || (end + 1 < text.Length && text[end + 1] == '\''))) end += text[end] == '\'' ? 2 : 1;
        if (end >= text.Length) return (null, null);
        var title = text[1..end].Replace("''", "'", StringComparison.Ordinal);
        return end + 1 == text.Length ? (title, null) : text[end + 1] == '!' ? (title, text[(end + 2)..]) : (null, null);
    }

    private static int? Number(Match match, string group) =>
        match.Groups[group] is { Length: > 0 } digits ? int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture) : null;

    private static int? Column(Match match, string group)
    {
        if (match.Groups[group] is not { Length: > 0 } letters) return null;
        var column = 0;
        foreach (var letter in letters.ValueSpan) column = column * 26 + char.ToUpperInvariant(letter) - 'A' + 1;
        return column;
    }

    [GeneratedRegex(@"^\$?(?<column>[A-Za-z]{0,3})\$?(?<row>(?:[1-9][0-9]{0,7})?)(?<second>:\$?(?<lastColumn>[A-Za-z]{0,3})\$?(?<lastRow>(?:[1-9][0-9]{0,7})?))?$")]
    private static partial Regex Pattern();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex PlainTitle();
}
