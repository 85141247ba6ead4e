using OrleansBulk.Jobs;

namespace OrleansBulk.Providers.Files;

/// <summary>A file that is being loaded, open between two merges and standing where the last one ended.</summary>
internal sealed class FileReading : IAsyncDisposable
{
    private readonly OpenedFile _file;

    private FileReading(OpenedFile file, FileHeader header, ProviderFileSpec spec, FileLines lines)
    {
        (_file, Spec, Lines, Kind) = (file, spec, lines, header.Kind);
        Choice = new ProviderChoice(spec);
    }

    public ProviderFileSpec Spec { get; }

    public ProviderChoice Choice { get; }

    public FileKind Kind { get; }

    public FileLines Lines { get; }

    /// <summary>When it was used last, by the clock of whoever keeps it.</summary>
    public long UsedAt { get; set; }

    /// <summary>Opens the file of a load where its last merge ended.</summary>
    /// <exception cref="MergeStoppedException">It is gone, changed, broken or out of reach.</exception>
    public static async Task<FileReading> OpenAsync(string full, ProviderFileSpec spec, long offset, long line, CancellationToken cancellationToken)
    {
        OpenedFile? file = null;
        try
        {
            var found = new FileInfo(full);
            if (!found.Exists)
            {
                throw new MergeStoppedException($"The file '{spec.Name}' is not where it was any more. Put it back and resume the job, or cancel the job and load the file anew.");
            }

            if (found.Length != spec.FileBytes || (spec.Path is not null && Math.Abs((found.LastWriteTimeUtc - spec.Modified).TotalSeconds) > 1))
            {
                throw new MergeStoppedException($"The file '{spec.Name}' was changed since its load began, so it cannot be gone on with. Cancel this job and load the file anew.");
            }

            file = await OpenedFile.OpenAsync(full, cancellationToken);
            var header = await FileHeader.ReadAsync(file.Content, cancellationToken);
            if (!file.Content.CanSeek)
            {
                await file.DisposeAsync(); // the header was read ahead of where reading goes on
                file = await OpenedFile.OpenAsync(full, cancellationToken);
            }

            await file.SkipToAsync(offset, cancellationToken);
            return new FileReading(file, header, spec, new FileLines(file.Content, header.Columns, offset, line));
        }
        catch (Exception error)
        {
            if (file is not null)
            {
                await file.DisposeAsync();
            }

            throw Stopped(spec, error) ?? error;
        }
    }

    /// <summary>What a fault of the file means for its load; null when it is no fault of the file.</summary>
    public static MergeStoppedException? Stopped(ProviderFileSpec spec, Exception error) => error switch
    {
        MergeStoppedException stopped => stopped,
        NotNppesFileException or InvalidDataException => new MergeStoppedException($"'{spec.Name}' cannot be read on: {error.Message} What was read before stays."),
        IOException or UnauthorizedAccessException => new MergeStoppedException($"'{spec.Name}' cannot be read: {error.Message} Resume the job when the file can be read again."),
        _ => null,
    };

    public ValueTask DisposeAsync() => _file.DisposeAsync();
}
