using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What all forms of files have in common.</summary>
public abstract class FilesConformance(string format) : TabDestinationConformance
{
    private readonly string _folder = TabSamples.Folder();
    private FilesDestination _files = null!;
    private bool _breakOff;

    protected override ITabDestination Destination => _files;

    protected string PathOfTab => _files.PathsOf(Tab)[0];

    public override Task InitializeAsync()
    {
        _files = new FilesDestination(new FilesOptions { Folder = _folder, Format = format });
        return Task.CompletedTask;
    }

    public override Task DisposeAsync()
    {
        Directory.CreateDirectory(_folder); // a test may have deleted it
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

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
        return PathOfTab;
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
        File.WriteAllText(Path.Combine(_folder, $".{Path.GetFileName(PathOfTab)}.{Guid.NewGuid():N}.tmp"), "Column 1,Colu");
    }
}
