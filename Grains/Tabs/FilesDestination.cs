using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>
/// Tabs as files in one folder: CSV, workbooks, or both. A file is written whole beside the old one and takes its place in one step: who reads sees the old rows or the new
/// ones, also after a kill. What is held in memory does not grow with the rows.
/// </summary>
public sealed class FilesDestination : ITabDestination
{
    private const int LongestName = 200; // bytes; a file system takes 255, and the temporary file has more

    private readonly string _folder;
    private readonly string[] _forms; // the ends of file names

    /// <exception cref="InvalidOperationException">An option is missing or out of range.</exception>
    public FilesDestination(FilesOptions options)
    {
        options.Validate();
        _folder = Path.GetFullPath(options.Folder);
        Name = options.Format == "csv" ? "files" : $"files-{options.Format}";
        _forms = options.Format == "both" ? [".csv", ".xlsx"] : [$".{options.Format}"];
    }

    public string Name { get; }

    public string Place => _folder;

    public bool IsThere(TabDefinition tab) => PathsOf(tab).All(File.Exists);

    /// <summary>Every publishing writes the whole file: nothing is left of what others did to it.</summary>
    public bool CanDrift => false;

    public int RestoreRows => 10_000;

    public int LongestCell => _forms.Contains(".xlsx") ? XlsxTabFile.LongestCell : TabCells.Longest;

    /// <summary>The files of a tab: its title, or its name where no file can be called so.</summary>
    public IReadOnlyList<string> PathsOf(TabDefinition tab) => [.. _forms.Select(form => Path.Combine(_folder, FileName(tab, form)))];

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

    /// <exception cref="IOException">The folder or a file cannot be written, or a row does not fit; the old files are as they were.</exception>
    public async Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken)
    {
        var names = Array.ConvertAll(_forms, form => FileName(tab, form));
        var temporaries = Array.ConvertAll(names, name => Path.Combine(_folder, $".{name}.{Guid.NewGuid():N}.tmp"));
        try
        {
            Directory.CreateDirectory(_folder);
            Array.ForEach(names, RemoveLeftOvers);
            await WriteAsync([.. _forms.Zip(temporaries)], tab, rows, cancellationToken);
            for (var i = 0; i < names.Length; i++)
            {
                File.Move(temporaries[i], Path.Combine(_folder, names[i]), overwrite: true);
            }
        }
        catch (Exception error) when (error is (IOException and not TabFileException) or UnauthorizedAccessException)
        {
            Array.ForEach(temporaries, Remove);
            throw new IOException(Words(error), error);
        }
        catch
        {
            Array.ForEach(temporaries, Remove);
            throw;
        }
    }

    /// <summary>All forms in one go over the rows.</summary>
    private async Task WriteAsync(IReadOnlyList<(string Form, string Path)> wanted, TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken)
    {
        var (files, longest) = (new List<TabFile>(), LongestCell);
        try
        {
            foreach (var (form, path) in wanted)
            {
                files.Add(form == ".xlsx" ? new XlsxTabFile(path, tab) : new CsvTabFile(path, tab));
            }

            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                // A text that was written to another destination may be too long for this one: its row has failed and is named, and the others are written.
                foreach (var file in row.Cells is null || row.Cells.Any(cell => cell.Length > longest) ? [] : files)
                {
                    await file.WriteAsync(row.Cells!, cancellationToken);
                }
            }

            foreach (var file in files)
            {
                await file.EndAsync(cancellationToken);
            }
        }
        finally
        {
            foreach (var file in files)
            {
                await file.DisposeAsync();
            }
        }
    }

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

    private static string FileName(TabDefinition tab, string form)
    {
        var title = tab.Title;
        var isFit = !title.StartsWith('.') && !title.EndsWith('.') && title.Trim() == title && Encoding.UTF8.GetByteCount(title) <= LongestName
            && !title.Any(letter => char.IsControl(letter) || "/\\:*?\"<>|".Contains(letter, StringComparison.Ordinal));
        return (isFit ? title : tab.Name) + form;
    }

    private string Words(Exception error) => $"The folder '{_folder}' cannot be written: {error.Message} Check Tabs:Files:Folder, and that this service may write there.";
}
