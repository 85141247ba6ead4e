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
            return (await JsonDocument.ParseAsync(request.Body, Strict, cancellationToken), null);
        }
        catch (JsonException error)
        {
            return (null, Problems.BadRequest($"The body is not valid JSON (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}): it may have been cut off on its way. Nothing was started.",
                ("line", error.LineNumber + 1), ("byte", error.BytePositionInLine + 1)));
        }
    }
}
