using System.Buffers;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Unicode;

namespace OrleansBulk.CodingProfiles;

internal enum BodyKind
{
    Empty,
    Json,
    Html,
    Other,

    /// <summary>More than the limit; not read to its end.</summary>
    TooLarge,
}

/// <summary>An answer's body, read whole up to a limit, and what it is by its Content-Type: HTML where JSON was asked for is never parsed as JSON.</summary>
/// <param name="Bytes">Valid UTF-8.</param>
internal sealed record UpstreamBody(BodyKind Kind, byte[] Bytes)
{
    /// <summary>Forty times a page of the largest answer that an adapter asks for.</summary>
    public const int Limit = 16 << 20;

    /// <exception cref="IOException">The body was cut off.</exception>
    public static async Task<UpstreamBody> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>((int)Math.Clamp(content.Headers.ContentLength ?? 4096, 256, 1 << 20));
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            var read = await stream.ReadAsync(buffer.GetMemory(4096), cancellationToken);
            if (read == 0)
            {
                break;
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > Limit)
            {
                return new UpstreamBody(BodyKind.TooLarge, []);
            }
        }

        var bytes = buffer.WrittenSpan.ToArray();
        bytes = Utf8.IsValid(bytes) ? bytes : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes));
        return new UpstreamBody(Tell(content.Headers.ContentType, bytes), bytes);
    }

    /// <summary>The beginning in one line, for messages.</summary>
    public string Excerpt(int characters = 160) =>
        ProfileText.Clean(Encoding.UTF8.GetString(Bytes.AsSpan(0, Math.Min(Bytes.Length, characters * 4))), characters) ?? "nothing";

    /// <summary>Whether the text stands in the first 64 kB, whatever its case.</summary>
    public bool Contains(string text) =>
        Encoding.UTF8.GetString(Bytes.AsSpan(0, Math.Min(Bytes.Length, 1 << 16))).Contains(text, StringComparison.OrdinalIgnoreCase);

    private static BodyKind Tell(MediaTypeHeaderValue? type, ReadOnlySpan<byte> bytes)
    {
        var start = bytes.TrimStart("\uFEFF \t\r\n"u8);
        if (start.IsEmpty)
        {
            return BodyKind.Empty;
        }

        return type?.MediaType?.ToLowerInvariant() switch
        {
            "application/json" or "text/json" => BodyKind.Json,
            { } other when other.EndsWith("+json", StringComparison.Ordinal) => BodyKind.Json,
            "text/html" or "application/xhtml+xml" => BodyKind.Html,
            null or "text/plain" => start[0] switch { (byte)'{' or (byte)'[' => BodyKind.Json, (byte)'<' => BodyKind.Html, _ => BodyKind.Other },
            _ => BodyKind.Other,
        };
    }
}
