namespace OrleansBulk.Tabs;

/// <summary>A file of a tab that is being written, row by row. Disposed without <see cref="EndAsync"/> it is half a file.</summary>
internal abstract class TabFile : IAsyncDisposable
{
    /// <exception cref="TabFileException">The row does not fit into a file of this form.</exception>
    public abstract ValueTask WriteAsync(IReadOnlyList<string> cells, CancellationToken cancellationToken);

    /// <summary>The file is whole and on the disk.</summary>
    public abstract ValueTask EndAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>A row that could not be written since the columns changed has more or fewer cells than there are now.</summary>
    protected static string CellOf(IReadOnlyList<string> cells, int column) => column < cells.Count ? cells[column] : "";

    /// <summary>A new file, empty.</summary>
    protected static FileStream Create(string path, FileOptions options) =>
        new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, Options = options });
}

/// <summary>What is to be written does not fit into a file; the message says what to do.</summary>
public sealed class TabFileException(string message) : IOException(message);
