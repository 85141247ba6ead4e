using System.Text;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Tabs as CSV files.</summary>
public sealed class FilesConformanceTests() : FilesConformance("csv")
{
    /// <summary>CSV as RFC 4180 has it.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> See()
    {
        var lines = new List<IReadOnlyList<string>>();
        var cells = new List<string>();
        var cell = new StringBuilder();
        var isQuoted = false;
        var text = File.ReadAllText(PathOfTab);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"' when isQuoted && i + 1 < text.Length && text[i + 1] == '"':
                    cell.Append(text[i++]);
                    break;
                case '"':
                    isQuoted = !isQuoted;
                    break;
                case ',' when !isQuoted:
                    EndCell();
                    break;
                case '\r' when !isQuoted:
                    EndCell();
                    lines.Add([.. cells]);
                    cells.Clear();
                    i++;
                    break;
                default:
                    cell.Append(text[i]);
                    break;
            }
        }

        Assert.True(text.EndsWith("\r\n", StringComparison.Ordinal) && !isQuoted, "The file ends in the middle.");
        return lines;

        void EndCell()
        {
            cells.Add(cell.ToString());
            cell.Clear();
        }
    }

    /// <summary>Without cleared positions; what looks like a formula has an apostrophe before it.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> Expected() =>
    [
        [.. Tab.Columns.Select(column => column.Title)],
        .. AllRows().Where(row => row.Cells is not null).Select(row => (IReadOnlyList<string>)[.. row.Cells!.Select(cell => cell.Length > 0 && "=+-@\t\r\n".Contains(cell[0], StringComparison.Ordinal) ? "'" + cell : cell)]),
    ];
}
