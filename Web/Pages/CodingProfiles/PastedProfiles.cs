using System.Text;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>What somebody gives to be registered, and in which format it is: told from the name of a file, or from how a text begins.</summary>
internal static class PastedProfiles
{
    private const string Csv = "text/csv";
    private const string NdJson = "application/x-ndjson";
    private const string Json = "application/json";
    private const string Header = "platform,handle,owner\n";

    /// <summary>The format that a file's name ends with; null when that says nothing.</summary>
    public static string? FormatOf(string fileName) => Path.GetExtension(fileName).ToLowerInvariant() switch
    {
        ".csv" => Csv,
        ".ndjson" or ".jsonl" => NdJson,
        ".json" => Json,
        _ => null,
    };

    /// <summary>A text as a body: JSON and NDJSON as they are, lines with the header that CSV needs.</summary>
    public static (Stream Body, string Format) Read(string text)
    {
        var begin = text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        var format = begin.Length == 0 ? Csv : begin[0] switch { '[' => Json, '{' => NdJson, _ => Csv };
        return (new MemoryStream(Encoding.UTF8.GetBytes(format == Csv && !HasHeader(begin) ? Header + begin : begin)), format);
    }

    private static bool HasHeader(string text)
    {
        var columns = text.Split('\n', 2)[0].Split(',', StringSplitOptions.TrimEntries);
        return columns.Contains("platform", StringComparer.OrdinalIgnoreCase) && columns.Contains("handle", StringComparer.OrdinalIgnoreCase);
    }
}
