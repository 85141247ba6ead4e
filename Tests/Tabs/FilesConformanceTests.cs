using System.Text;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

public sealed class FilesConformanceTests : TabDestinationConformance
{
    private readonly string _folder = TabSamples.Folder();
    private FilesDestination _files = null!;
    private bool _breakOff;

    protected override ITabDestination Destination => _files;

    public override Task InitializeAsync()
    {
        _files = new FilesDestination(new FilesOptions { Folder = _folder });
        return Task.CompletedTask;
    }

    public override Task DisposeAsync()
    {
        Directory.CreateDirectory(_folder); // a test may have deleted it
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>CSV as RFC 4180 has it.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> See()
    {
        var lines = new List<IReadOnlyList<string>>();
        var cells = new List<string>();
        var cell = new StringBuilder();
        var isQuoted = false;
        var text = File.ReadAllText(_files.PathOf(Tab));
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

    protected override IReadOnlyList<(string What, Action Do)> Edits() =>
    [
        ("the file was changed", () => File.AppendAllText(FileInItsFolder(), "mine,mine,mine\r\n")),
        ("the file was emptied", () => File.WriteAllText(FileInItsFolder(), "")),
        ("the file was deleted", () => File.Delete(FileInItsFolder())),
        ("the folder was deleted", () => Directory.Delete(Path.GetDirectoryName(FileInItsFolder())!, recursive: true)),
    ];

    protected override IReadOnlyList<(string What, Action Do)> Troubles() =>
    [
        ("the rows break off", () => _breakOff = true),
        ("a killed writer left half a file", () => LeaveHalf()),
    ];

    /// <summary>As many rows as there are, or half of them and then the end of the connection that they are read over.</summary>
    protected override IAsyncEnumerable<TabRow> Rows()
    {
        if (!_breakOff)
        {
            return base.Rows();
        }

        _breakOff = false;
        return BreakOff(AllRows());
    }

    /// <summary>An edit may come after the one that deleted the folder.</summary>
    private string FileInItsFolder()
    {
        Directory.CreateDirectory(_folder);
        return _files.PathOf(Tab);
    }

    private static async IAsyncEnumerable<TabRow> BreakOff(IReadOnlyList<TabRow> rows)
    {
        foreach (var row in rows.Take(rows.Count / 2))
        {
            yield return row;
        }

        await Task.Yield();
        throw new IOException("The connection was closed.");
    }

    private void LeaveHalf()
    {
        FileInItsFolder();
        File.WriteAllText(Path.Combine(_folder, $".{Path.GetFileName(_files.PathOf(Tab))}.{Guid.NewGuid():N}.tmp"), "Column 1,Colu");
    }
}
