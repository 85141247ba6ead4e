using System.Globalization;
using System.IO.Compression;
using System.Text;
using OrleansBulk.Distribution;

namespace OrleansBulk.Web.Api;

/// <summary>Assignments as files: CSV whose cells are no formulas, one for a recipient or all in a zip.</summary>
internal static class AssignmentFiles
{
    private static readonly string Head = CsvText.Line("id", "username", "full_name", "recipient", "status", "assigned_at", "status_at");

    public static async Task WriteAsync(Stream to, IAsyncEnumerable<AssignmentRow> rows, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(to, leaveOpen: true);
        await writer.WriteAsync(Head);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            await writer.WriteAsync(CsvText.Line(
                row.Id, row.Username, row.FullName, row.Recipient, row.Status, row.AssignedAt.ToString("O", CultureInfo.InvariantCulture), row.StatusAt.ToString("O", CultureInfo.InvariantCulture)));
        }
    }

    public static async Task WriteZipAsync(Stream to, DistributionRow distribution, AssignmentStore assignments, CancellationToken cancellationToken)
    {
        await using var zip = await ZipArchive.CreateAsync(to, ZipArchiveMode.Create, leaveOpen: true, entryNameEncoding: null, cancellationToken);
        for (var place = 0; place < distribution.Recipients.Count; place++)
        {
            await using var entry = await zip.CreateEntry(Name(distribution, place), CompressionLevel.Fastest).OpenAsync(cancellationToken);
            await WriteAsync(entry, assignments.ExportAsync(distribution.Id, place + 1, cancellationToken), cancellationToken);
        }
    }

    /// <summary>A file name that every system takes: <c>007-ada.csv</c>; without a recipient <c>distribution-….csv</c>.</summary>
    /// <param name="place">The recipient's, from 0; less: all of them.</param>
    public static string Name(DistributionRow distribution, int place)
    {
        if (place < 0)
        {
            return $"distribution-{distribution.Id}.csv";
        }

        var safe = new StringBuilder();
        foreach (var character in distribution.Recipients[place].Take(60))
        {
            safe.Append(char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '-');
        }

        return string.Create(CultureInfo.InvariantCulture, $"{place + 1:000}-{safe}.csv");
    }
}
