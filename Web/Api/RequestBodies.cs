using System.Runtime.InteropServices;
using System.Text.Json;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>Reads JSON bodies whose shape the endpoint checks itself, so that every mistake gets its own sentence.</summary>
internal static class RequestBodies
{
    /// <summary>A body with up to a million ids.</summary>
    public const long LargeBody = 64L * 1024 * 1024;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32 };

    /// <summary>The body as JSON, or the problem with it.</summary>
    public static async Task<(JsonDocument? Body, ProblemAnswer? Problem)> ReadJsonAsync(this HttpRequest request, CancellationToken cancellationToken)
    {
        if (!request.HasJsonContentType())
        {
            return (null, Problems.UnsupportedFormat($"The body is sent as '{request.ContentType ?? "nothing"}'; send JSON with Content-Type: application/json."));
        }

        try
        {
            var body = await JsonDocument.ParseAsync(request.Body, Strict, cancellationToken);
            if (HasOnlyTexts(body.RootElement))
            {
                return (body, null);
            }

            body.Dispose();
            return (null, Problems.BadRequest("The body has a text with half a character in it: an escape from \\ud800 to \\udfff without the one that belongs to it. Nothing was started."));
        }
        catch (JsonException error)
        {
            return (null, Problems.BadRequest($"The body is not valid JSON (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}): it may have been cut off on its way. Nothing was started.",
                ("line", error.LineNumber + 1), ("byte", error.BytePositionInLine + 1)));
        }
    }

    /// <summary>False when an escape names half a surrogate pair: that is valid JSON, but no text, and whoever reads it as one would fail.</summary>
    public static bool HasOnlyTexts(this JsonElement json)
    {
        var raw = JsonMarshal.GetRawUtf8Value(json);
        if (raw.IndexOf("\\u"u8) < 0)
        {
            return true; // as nearly always, also in a body with a million ids
        }

        var reader = new Utf8JsonReader(raw, new JsonReaderOptions { MaxDepth = Strict.MaxDepth });
        try
        {
            while (reader.Read())
            {
                _ = reader is { TokenType: JsonTokenType.String or JsonTokenType.PropertyName, ValueIsEscaped: true } ? reader.GetString() : null;
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
