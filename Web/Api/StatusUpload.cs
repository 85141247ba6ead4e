using System.Text;
using System.Text.Json;
using CsvHelper;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>Reads statuses of assignments: JSON <c>{status, ids}</c>, or CSV with the columns id and status. All of it or nothing.</summary>
internal static class StatusUpload
{
    public static async Task<(IReadOnlyList<(string Id, string Status)>? Statuses, ProblemAnswer? Problem)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentType?.Split(';')[0].Trim().Equals("text/csv", StringComparison.OrdinalIgnoreCase) is true)
        {
            return await ReadCsvAsync(request.Body, cancellationToken);
        }

        var (body, unreadable) = await request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            return unreadable is not null ? (null, unreadable) : ReadJson(body!.RootElement);
        }
    }

    private static (IReadOnlyList<(string, string)>?, ProblemAnswer?) ReadJson(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object || !body.TryGetProperty("ids", out var ids) || ids.ValueKind != JsonValueKind.Array
            || !body.TryGetProperty("status", out var status) || status.ValueKind != JsonValueKind.String)
        {
            return (null, Problems.BadRequest("Send {\"status\": …, \"ids\": […]}, or CSV with the columns id and status. Nothing was changed."));
        }

        var read = new List<(string, string)>(ids.GetArrayLength());
        foreach (var id in ids.EnumerateArray())
        {
            if (id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            {
                return (null, Problems.BadRequest($"ids[{read.Count}] is neither a text nor a number. Nothing was changed.", ("index", read.Count)));
            }

            read.Add((id.ValueKind == JsonValueKind.Number ? id.GetRawText() : id.GetString()!, status.GetString()!));
        }

        return Check(read);
    }

    public static async Task<(IReadOnlyList<(string Id, string Status)>? Statuses, ProblemAnswer? Problem)> ReadCsvAsync(Stream body, CancellationToken cancellationToken)
    {
        await using var csv = CsvReader.Create(
            new StrictUtf8(body), new CsvReaderOptions { HasHeader = true, SkipEmptyLines = true, TrackLineNumbers = true, MaxRecordSize = 64 * 1024, NormalizeHeaderName = name => name.Trim().ToLowerInvariant() }, leaveOpen: true);
        try
        {
            await csv.ReadHeaderAsync(cancellationToken);
            if (!csv.TryGetFieldIndex("id", out var id) || !csv.TryGetFieldIndex("status", out var status))
            {
                return (null, Problems.BadRequest($"The CSV has no columns id and status in its first line (found: {ProfileWords.Clean(string.Join(", ", csv.Headers))}). Nothing was changed.", ("line", 1)));
            }

            var read = new List<(string, string)>();
            while (await csv.ReadAsync(cancellationToken))
            {
                read.Add((CsvText.Plain(csv.GetString(id).Trim()), csv.GetString(status).Trim()));
            }

            return Check(read);
        }
        catch (Exception error) when (error is CsvFormatException or DecoderFallbackException or InvalidDataException)
        {
            return (null, Problems.BadRequest($"The body is not CSV in UTF-8 (near line {Math.Max(1, csv.LineNumber)}): {ProfileWords.Clean(error.Message)} Nothing was changed.", ("line", Math.Max(1, csv.LineNumber))));
        }
    }

    public static (IReadOnlyList<(string Id, string Status)>? Statuses, ProblemAnswer? Problem) Check(List<(string Id, string Status)> read)
    {
        var bad = read.FindIndex(entry => !AssignmentStatus.All.Contains(entry.Status) || entry.Id.Length == 0 || entry.Id.Contains('\0'));
        return bad >= 0 ? (null, Problems.BadRequest($"Entry {bad} has no id, or a status that is none of {string.Join(", ", AssignmentStatus.All)}. Nothing was changed.", ("index", bad)))
            : read.Count == 0 ? (null, Problems.BadRequest("There are no ids in the body. Nothing was changed."))
            : (read, null);
    }
}
