using System.Text;
using System.Text.Json;
using CsvHelper;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Reads profiles to register: a JSON array or NDJSON of <c>{platform, handle, owner?}</c>, or CSV with a header. Entries that are wrong are rejected one by one with
/// their index; a body that is not what it says it is, is refused whole.
/// </summary>
internal sealed class ProfileUpload(CodingPlatforms platforms)
{
    public const int MostListed = 1000;
    public const int MostProfiles = 1_000_000;
    private const int LongestOwner = 200;

    private int _index;

    public List<NewProfile> Profiles { get; } = [];

    /// <summary>The first <see cref="MostListed"/> rejected entries.</summary>
    public List<RejectedEntry> Rejected { get; } = [];

    public int RejectedCount { get; private set; }

    /// <summary>Reads the body in the format that its Content-Type names. The problem is what makes it unreadable as a whole.</summary>
    public Task<ProblemAnswer?> ReadAsync(HttpRequest request, CancellationToken cancellationToken) => ReadAsync(request.Body, request.ContentType, cancellationToken);

    /// <param name="contentType">What the body is said to be; null: nothing.</param>
    public async Task<ProblemAnswer?> ReadAsync(Stream body, string? contentType, CancellationToken cancellationToken)
    {
        var type = contentType?.Split(';')[0].Trim().ToLowerInvariant();
        if (contentType?.Split("charset=") is [_, var charset] && !charset.Trim('"', ' ').Equals("utf-8", StringComparison.OrdinalIgnoreCase))
        {
            return Problems.UnsupportedFormat($"The body is said to be in {charset}; send UTF-8.");
        }

        try
        {
            switch (type)
            {
                case "application/json":
                    await ReadJsonAsync(JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(body, WireJson.Options, cancellationToken));
                    break;
                case "application/x-ndjson" or "application/ndjson" or "application/jsonl":
                    await ReadJsonAsync(JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(body, topLevelValues: true, WireJson.Options, cancellationToken));
                    break;
                case "text/csv":
                    return await ReadCsvAsync(body, cancellationToken) ?? TooManyOrNone();
                default:
                    return Problems.UnsupportedFormat($"The body is sent as '{type ?? "nothing"}'. Send application/json (an array), application/x-ndjson or text/csv.");
            }
        }
        catch (JsonException error)
        {
            return Problems.BadRequest($"The body is not {(type == "application/json" ? "an array in valid JSON" : "valid JSON")}, near entry {_index} (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}); it may have been cut off on its way. Nothing was registered.", ("index", _index));
        }

        return TooManyOrNone();
    }

    private ProblemAnswer? TooManyOrNone() => _index switch
    {
        0 => Problems.BadRequest("The body has no profiles in it. Send at least one {platform, handle}."),
        > MostProfiles => Problems.TooLarge($"The body has more than {MostProfiles:N0} profiles; send them in several requests. Nothing was registered."),
        _ => null,
    };

    private async Task ReadJsonAsync(IAsyncEnumerable<JsonElement> entries)
    {
        await foreach (var entry in entries)
        {
            if (entry.ValueKind != JsonValueKind.Object)
            {
                Reject("it is not an object {platform, handle, owner?}");
            }
            else if (!entry.HasOnlyTexts())
            {
                Reject("a text in it has half a character (an escape from \\ud800 to \\udfff without the one that belongs to it)");
            }
            else if (Text(entry, "platform", out var platform) && Text(entry, "handle", out var handle) && Text(entry, "owner", out var owner))
            {
                Take(platform, handle, owner);
            }
            else
            {
                Reject("platform, handle and owner must be texts");
            }

            if (++_index > MostProfiles)
            {
                return;
            }
        }
    }

    private async Task<ProblemAnswer?> ReadCsvAsync(Stream body, CancellationToken cancellationToken)
    {
        // The header decides whether this is CSV at all, so it is looked at before anything else.
        await using var reader = CsvReader.Create(new StrictUtf8(body), new CsvReaderOptions { HasHeader = true, SkipEmptyLines = true, TrackLineNumbers = true, MaxRecordSize = 64 * 1024, NormalizeHeaderName = name => name.Trim().ToLowerInvariant() }, leaveOpen: true);
        try
        {
            await reader.ReadHeaderAsync(cancellationToken);
            if (!reader.TryGetFieldIndex("platform", out var platform) || !reader.TryGetFieldIndex("handle", out var handle))
            {
                return Problems.BadRequest($"The CSV has no columns platform and handle in its first line (found: {ProfileWords.Clean(string.Join(", ", reader.Headers))}). Nothing was registered.", ("line", 1));
            }

            var owner = reader.TryGetFieldIndex("owner", out var column) ? column : -1;
            while (await reader.ReadAsync(cancellationToken))
            {
                if (reader.FieldCount <= Math.Max(platform, handle))
                {
                    Reject($"line {reader.LineNumber} has {reader.FieldCount} columns, fewer than the header");
                }
                else
                {
                    Take(reader.GetString(platform), reader.GetString(handle), owner >= 0 && owner < reader.FieldCount ? reader.GetString(owner) : null);
                }

                if (++_index > MostProfiles)
                {
                    break;
                }
            }
        }
        catch (Exception error) when (error is CsvFormatException or DecoderFallbackException or InvalidDataException)
        {
            return Problems.BadRequest($"The body is not CSV in UTF-8 (near line {Math.Max(1, reader.LineNumber)}): {ProfileWords.Clean(error.Message)} Nothing was registered.", ("line", Math.Max(1, reader.LineNumber)));
        }

        return null;
    }

    private void Take(string? platform, string? handle, string? owner)
    {
        platform = platform?.Trim().ToLowerInvariant();
        handle = handle?.Trim();
        owner = string.IsNullOrWhiteSpace(owner) ? null : owner.Trim();
        if (string.IsNullOrEmpty(platform) || string.IsNullOrEmpty(handle))
        {
            Reject(string.IsNullOrEmpty(platform) ? "platform is missing" : "handle is missing");
        }
        else if (platforms.WhyInvalid(platform, handle) is { } why)
        {
            Reject(why);
        }
        else if (owner is not null && (owner.Length > LongestOwner || owner.Any(char.IsControl)))
        {
            Reject($"owner must have at most {LongestOwner} characters and no control characters");
        }
        else
        {
            Profiles.Add(new NewProfile(platform, handle, owner));
        }
    }

    private void Reject(string reason)
    {
        RejectedCount++;
        if (Rejected.Count < MostListed)
        {
            Rejected.Add(new RejectedEntry(_index, reason));
        }
    }

    /// <summary>False when the member is there and no text.</summary>
    private static bool Text(JsonElement entry, string name, out string? text)
    {
        text = null;
        if (!entry.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return true;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        text = value.GetString();
        return true;
    }
}

/// <summary>An entry that was not taken: its place in the body, from 0, and why.</summary>
public sealed record RejectedEntry(int Index, string Reason);

internal static class ProfileWords
{
    /// <summary>Somebody else's text for a sentence of ours: printable and short.</summary>
    public static string Clean(string text)
    {
        var printable = new string([.. text.Select(character => char.IsControl(character) || char.IsSurrogate(character) ? '?' : character)]);
        return printable.Length > 120 ? printable[..120] + "…" : printable;
    }
}
