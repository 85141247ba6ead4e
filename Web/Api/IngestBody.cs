using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using OrleansBulk.Ingest;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Reads a body of scraped profiles into staging, as a stream: <c>{"profiles": […]}</c>, NDJSON, or CSV with a header, each also gzipped. Rows that are wrong are
/// rejected one by one; a body that is not what it says it is, is refused whole, with the position.
/// </summary>
internal static class IngestBody
{
    /// <summary>Slower than this, after a while, is a sender that holds a connection for nothing: a gigabyte would take a day.</summary>
    private static readonly MinDataRate Slowest = new(16 * 1024, TimeSpan.FromSeconds(20));

    /// <summary>The content types that are read, the first of each format first.</summary>
    public static readonly string[] Types = ["application/json", "application/x-ndjson", "text/csv"];

    /// <summary>Reads the request's body in the format that its Content-Type names.</summary>
    public static async Task<(string? Format, ProblemAnswer? Problem)> ReadAsync(HttpRequest request, StagedIngest into, IngestOptions options, CancellationToken cancellationToken)
    {
        var features = request.HttpContext.Features;
        if (features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = options.MaxBodyBytes;
        }

        if (features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        if (request.ContentType?.Split("charset=") is [_, var charset] && !charset.Trim('"', ' ').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return (null, Problems.UnsupportedFormat($"The body is said to be in {ProfileWords.Clean(charset)}; send UTF-8."));
        }

        var encoding = request.Headers.ContentEncoding.ToString();
        if (encoding is not ("" or "gzip" or "identity"))
        {
            return (null, Problems.UnsupportedFormat($"The body is encoded as '{ProfileWords.Clean(encoding)}'; send it plain or with Content-Encoding: gzip."));
        }

        return FormatOf(request.ContentType) is { } format
            ? (format, await ReadAsync(request.Body, format, into, options, cancellationToken))
            : (null, Problems.UnsupportedFormat($"The body is sent as '{ProfileWords.Clean(request.ContentType ?? "nothing")}'. Send application/json ({{\"profiles\": […]}}), application/x-ndjson or text/csv, gzipped or not."));
    }

    /// <summary>json, ndjson or csv; null: none of them.</summary>
    public static string? FormatOf(string? contentType) => contentType?.Split(';')[0].Trim().ToLowerInvariant() switch
    {
        "application/json" => "json",
        "application/x-ndjson" or "application/ndjson" or "application/jsonl" => "ndjson",
        "text/csv" => "csv",
        _ => null,
    };

    /// <summary>The problem is what makes the body unreadable as a whole.</summary>
    public static async Task<ProblemAnswer?> ReadAsync(Stream body, string format, StagedIngest into, IngestOptions options, CancellationToken cancellationToken)
    {
        StrictUtf8? text = null;
        try
        {
            await using var opened = await GzipBody.OpenAsync(new LimitedBody(body, options.MaxBodyBytes), cancellationToken); // known by its first bytes, whatever the headers say of it
            text = new StrictUtf8(new LimitedBody(opened, options.MaxBodyBytes));
            return format == "csv" ? await CsvProfiles.ReadAsync(text, into, cancellationToken) : await new JsonProfiles(into, lines: format == "ndjson").ReadAsync(text, cancellationToken);
        }
        catch (JsonException error)
        {
            return Problems.BadRequest(
                $"The body is not valid JSON, near entry {into.Rows} (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}); it may have been cut off on its way. Nothing of it was kept.",
                ("index", into.Rows), ("line", error.LineNumber + 1), ("byte", error.BytePositionInLine + 1));
        }
        catch (InvalidDataException error)
        {
            return Problems.BadRequest($"The body cannot be read, near entry {into.Rows}, byte {text?.Position ?? 0}: {ProfileWords.Clean(error.Message)} Nothing of it was kept.", ("index", into.Rows), ("byte", text?.Position ?? 0));
        }
        catch (Exception error) when (error is BodyTooLargeException or Microsoft.AspNetCore.Http.BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge })
        {
            return Problems.TooLarge($"The body is larger than the {options.MaxBodyBytes:N0} bytes that are taken, unpacked or not. Send it in several requests; nothing of it was kept.");
        }
    }
}
