using System.Globalization;
using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>
/// Tabs as CSV files in one folder. A file is written whole beside the old one and takes its place in one step: who reads sees the old rows or the new ones, also after a
/// kill. What is held in memory does not grow with the rows.
/// </summary>
public sealed class FilesDestination : ITabDestination
{
    private const int Block = 1 << 16; // characters that are written at once
    private const int LongestName = 200; // bytes; a file system takes 255, and the temporary file has more
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly string _folder;

    /// <exception cref="InvalidOperationException">An option is missing or out of range.</exception>
    public FilesDestination(FilesOptions options)
    {
        options.Validate();
        _folder = Path.GetFullPath(options.Folder);
    }

    public string Name => "files";

    /// <summary>Every publishing writes the whole file: nothing is left of what others did to it.</summary>
    public bool CanDrift => false;

    public int RestoreRows => 10_000;

    /// <summary>The file of a tab: its title, or its name where no file can be called so.</summary>
    public string PathOf(TabDefinition tab) => Path.Combine(_folder, FileName(tab));

    /// <summary>Rows are taken over when they are published; here it is said whether that can be done at all.</summary>
    /// <returns><see cref="CallAnswered{T}"/> with the number of rows (<c>int</c>); <see cref="CallRefused"/> when there is no folder to write to.</returns>
    public Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, CallBudget budget, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            return Task.FromResult<CallResult>(new CallAnswered<int>(rows.Count));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult<CallResult>(new CallRefused(Words(error)));
        }
    }

    public Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, CallBudget budget, CancellationToken cancellationToken) =>
        Task.FromResult<CallResult>(new CallAnswered<int>(0));

    /// <exception cref="IOException">The folder or the file cannot be written; the old file is as it was.</exception>
    public async Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken)
    {
        var name = FileName(tab);
        var temporary = Path.Combine(_folder, $".{name}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(_folder);
            RemoveLeftOvers(name);
            await WriteAsync(temporary, tab, rows, cancellationToken);
            File.Move(temporary, Path.Combine(_folder, name), overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Remove(temporary);
            throw new IOException(Words(error), error);
        }
        catch
        {
            Remove(temporary);
            throw;
        }
    }

    private static async Task WriteAsync(string path, TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken)
    {
        await using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous });
        await using var writer = new StreamWriter(stream, Utf8);
        var block = new StringBuilder(CsvText.Line([.. tab.Columns.Select(column => column.Title)]));
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            if (row.Cells is null)
            {
                continue;
            }

            Append(block, tab, row.Cells);
            if (block.Length >= Block)
            {
                await writer.WriteAsync(block, cancellationToken);
                block.Clear();
            }
        }

        await writer.WriteAsync(block, cancellationToken);
        await writer.FlushAsync(cancellationToken);

        // On the disk before it takes the old one's place: after a power failure there must be no empty file under the name.
        stream.Flush(flushToDisk: true);
    }

    private static void Append(StringBuilder block, TabDefinition tab, IReadOnlyList<string> cells)
    {
        // A row that could not be written since the columns changed has more or fewer cells than there are now.
        for (var column = 0; column < tab.Columns.Count; column++)
        {
            var cell = column < cells.Count ? cells[column] : "";
            block.Append(column == 0 ? "" : ",").Append(tab.Columns[column].Format == TabFormat.Number && IsNumber(cell) ? cell : CsvText.Cell(cell));
        }

        block.Append("\r\n");
    }

    /// <summary>Digits with a sign and a point at most. <c>-5</c> begins like a formula and is none.</summary>
    private static bool IsNumber(string text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _) && text[0] != '+';

    /// <summary>Files that a writer left when it was killed. A tab has one writer at a time, so these are nobody's.</summary>
    private void RemoveLeftOvers(string name)
    {
        foreach (var file in Directory.EnumerateFiles(_folder, ".*.tmp").Where(file => IsLeftOver(Path.GetFileName(file), name)))
        {
            Remove(file);
        }
    }

    private static bool IsLeftOver(string file, string name) =>
        file.Length == name.Length + 38 && file.AsSpan(1).StartsWith(name + ".", StringComparison.Ordinal) && Guid.TryParseExact(file.AsSpan(name.Length + 2, 32), "N", out _);

    private static void Remove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is tried again with the next publishing; what is being told now is worth more.
        }
    }

    private static string FileName(TabDefinition tab)
    {
        var title = tab.Title;
        var isFit = !title.StartsWith('.') && !title.EndsWith('.') && title.Trim() == title && Utf8.GetByteCount(title) <= LongestName
            && !title.Any(letter => char.IsControl(letter) || "/\\:*?\"<>|".Contains(letter, StringComparison.Ordinal));
        return (isFit ? title : tab.Name) + ".csv";
    }

    private string Words(Exception error) => $"The folder '{_folder}' cannot be written: {error.Message} Check Tabs:Files:Folder, and that this service may write there.";
}
