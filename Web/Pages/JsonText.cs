using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansBulk.Web.Pages;

/// <summary>JSON for people to read.</summary>
internal static class JsonText
{
    // It stands in a page, which encodes it; what is not ASCII stays readable.
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same with a line for each member; null stays null.</summary>
    public static string? Indent(string? json) => json is null ? null : JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json), Readable);
}
