using System.IO.Compression;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// A file from its disk, as it is or out of a zip (deflated or stored, of any size): the text, and how many bytes of it there are. Nothing is unpacked to disk or to memory.
/// </summary>
internal sealed class OpenedFile : IAsyncDisposable
{
    private const int BlockBytes = 256 * 1024;
    private static readonly byte[] ZipMark = "PK"u8.ToArray();

    private readonly FileStream _file;
    private readonly ZipArchive? _zip;

    private OpenedFile(FileStream file, ZipArchive? zip, string? member, Stream content, long length) => (_file, _zip, Member, Content, Length) = (file, zip, member, content, length);

    /// <summary>What is read: reads forward from its beginning.</summary>
    public Stream Content { get; }

    /// <summary>Bytes of <see cref="Content"/>.</summary>
    public long Length { get; }

    /// <summary>Which file of the zip it is; null when there is no zip.</summary>
    public string? Member { get; }

    /// <summary>It is the deactivation list as a workbook, which must be written out as CSV first.</summary>
    public bool IsWorkbook { get; private init; }

    /// <summary>Opens the file, or in a zip the one that holds the providers, else the deactivation list.</summary>
    /// <exception cref="NotNppesFileException">The zip is broken, or has neither.</exception>
    public static async Task<OpenedFile> OpenAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BlockBytes, FileOptions.Asynchronous | FileOptions.SequentialScan);
        ZipArchive? zip = null;
        try
        {
            var mark = new byte[4];
            var read = await file.ReadAtLeastAsync(mark, mark.Length, throwOnEndOfStream: false, cancellationToken);
            file.Position = 0;
            if (read < 4 || !mark.AsSpan().StartsWith(ZipMark) || mark[2] > 8)
            {
                return new OpenedFile(file, null, null, file, file.Length);
            }

            zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
            if (DeactivationSheet.IsWorkbook(zip))
            {
                file.Position = 0;
                return new OpenedFile(file, zip, null, file, file.Length) { IsWorkbook = true };
            }

            var member = Find(zip);
            return new OpenedFile(file, zip, member.FullName, new WholeMember(await member.OpenAsync(cancellationToken), member.Length, member.Crc32, member.FullName), member.Length)
            {
                IsWorkbook = member.Name.EndsWith(".xlsx", StringComparison.OrdinalIgnoreCase),
            };
        }
        catch (InvalidDataException error)
        {
            await DisposeAsync(zip, file);
            throw new NotNppesFileException($"The zip is broken or was cut off: {error.Message.TrimEnd('.')}. Fetch it again, and compare its size with the one that is published.", error);
        }
        catch
        {
            await DisposeAsync(zip, file);
            throw;
        }
    }

    /// <summary>Goes forward to a byte: at once in a plain file; what is packed must be unpacked up to there.</summary>
    public async Task SkipToAsync(long offset, CancellationToken cancellationToken)
    {
        if (Content.CanSeek)
        {
            Content.Position = offset;
            return;
        }

        var block = new byte[BlockBytes];
        for (var left = offset; left > 0;)
        {
            var read = await Content.ReadAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)), cancellationToken);
            left -= read > 0 ? read : throw new InvalidDataException($"The file ends {left:N0} bytes before the place where reading is to go on.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!ReferenceEquals(Content, _file))
        {
            await Content.DisposeAsync();
        }

        await DisposeAsync(_zip, _file);
    }

    private static async Task DisposeAsync(ZipArchive? zip, FileStream file)
    {
        if (zip is not null)
        {
            await zip.DisposeAsync();
        }

        await file.DisposeAsync();
    }

    private static ZipArchiveEntry Find(ZipArchive zip)
    {
        var main = zip.Entries.Where(entry => IsMain(entry.Name)).ToList();
        return main.Count == 1 ? main[0]
            : zip.Entries.FirstOrDefault(entry => main.Count == 0 && entry.Name.EndsWith(".xlsx", StringComparison.OrdinalIgnoreCase))
            ?? throw new NotNppesFileException(main.Count > 1
                ? $"The zip holds {main.Count} provider files ({string.Join(", ", main.Take(3).Select(entry => entry.Name))}); send one that holds one."
                : $"The zip holds no provider file (npidata_pfile_….csv) and no deactivation list (….xlsx). It holds: {string.Join(", ", zip.Entries.Take(8).Select(entry => entry.Name))}{(zip.Entries.Count > 8 ? ", …" : "")}.");
    }

    private static bool IsMain(string name) => name.StartsWith("npidata_pfile", StringComparison.OrdinalIgnoreCase)
        && name.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) && !name.Contains("fileheader", StringComparison.OrdinalIgnoreCase);
}
