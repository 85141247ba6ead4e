namespace OrleansBulk;

/// <summary>Writes CSV (RFC 4180) whose cells no spreadsheet takes for formulas.</summary>
public static class CsvText
{
    /// <summary>One line, CRLF included.</summary>
    public static string Line(params ReadOnlySpan<string?> cells)
    {
        var line = new System.Text.StringBuilder();
        for (var i = 0; i < cells.Length; i++)
        {
            line.Append(i == 0 ? "" : ",").Append(Cell(cells[i])); // not by what the line holds so far: its first cell may be empty
        }

        return line.Append("\r\n").ToString();
    }

    /// <summary>A cell that begins like a formula, after apostrophes or without any, gets an apostrophe before it (OWASP, CSV injection).</summary>
    public static string Cell(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "";
        }

        var safe = IsLikeFormula(text) ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : $"\"{safe.Replace("\"", "\"\"")}\"";
    }

    /// <summary>What a cell of ours says: without the apostrophe that <see cref="Cell"/> put before it.</summary>
    public static string Plain(string cell) => cell.StartsWith('\'') && IsLikeFormula(cell[1..]) ? cell[1..] : cell;

    private static bool IsLikeFormula(string text) => text.AsSpan().TrimStart('\'') is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n', ..];
}

