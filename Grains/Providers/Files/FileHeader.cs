using System.Text;

namespace OrleansBulk.Providers.Files;

/// <summary>What a file is, by its first line.</summary>
/// <param name="DataOffset">The byte at which the second line begins.</param>
internal sealed record FileHeader(FileKind Kind, FileColumns Columns, long DataOffset)
{
    /// <summary>A header of 330 names is a sixth of this.</summary>
    private const int LongestHeader = 64 * 1024;

    /// <summary>Reads the first line of a file.</summary>
    /// <exception cref="NotNppesFileException">It is not that of a provider file or of a deactivation list.</exception>
    public static async Task<FileHeader> ReadAsync(Stream from, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestHeader];
        var read = await from.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Read(buffer.AsSpan(0, read));
    }

    private static FileHeader Read(ReadOnlySpan<byte> start)
    {
        var mark = start.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var end = start.IndexOf((byte)'\n');
        if (start.IsEmpty || (end < 0 && start.Length == LongestHeader))
        {
            throw new NotNppesFileException(start.IsEmpty ? "The file is empty." : "This is not an NPPES file: its first line is longer than any header of one.");
        }

        end = end < 0 ? start.Length : end;
        var names = Encoding.UTF8.GetString(start[mark..end]).TrimEnd('\r').Split(',').Select(name => name.Trim().Trim('"')).ToList();
        var offset = Math.Min(end + 1, start.Length);
        var columns = new FileColumns(names, NppesColumns.Wanted);
        var missing = NppesColumns.Needed.Intersect(columns.Missing).ToList();
        if (missing.Count == 0)
        {
            return new FileHeader(FileKind.Providers, columns, offset);
        }

        var deactivations = new FileColumns(names, NppesColumns.Deactivations);
        if (names.Count <= 4 && deactivations.Missing.Count == 0)
        {
            return new FileHeader(FileKind.Deactivations, deactivations, offset);
        }

        throw new NotNppesFileException(columns.Missing.Contains("NPI")
            ? "This is not an NPPES file: its first line names no column 'NPI'. Send the monthly or weekly file (npidata_pfile_….csv), its zip, or the deactivation list."
            : $"This is not the provider file of NPPES: its header has {names.Count} columns and lacks {missing.Count:N0} that are needed, such as '{missing[0]}'. Send npidata_pfile_….csv with its header, or the zip as published.");
    }
}

/// <summary>What the lines of a file say.</summary>
internal enum FileKind
{
    /// <summary>Everything about providers.</summary>
    Providers,

    /// <summary>Which NPIs are deactivated, and since when.</summary>
    Deactivations,
}

/// <summary>The file is not one of NPPES, or is broken. The message says what was found and what to do.</summary>
public sealed class NotNppesFileException(string message, Exception? inner = null) : Exception(message, inner);
