using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansBulk.Simulator.Calls;

/// <summary>A part of a body.</summary>
/// <param name="At">When it is sent, counted from the arrival of the call.</param>
/// <param name="End">Where it ends in the body.</param>
internal readonly record struct ReplyPiece(TimeSpan At, int End);

/// <summary>An answer as a value: faults change it, and one place sends it.</summary>
internal sealed record Reply
{
    public const string JsonType = "application/json; charset=utf-8";
    public const string HtmlType = "text/html; charset=utf-8";

    // Names such as "C++" and non-Latin text stay legible, as the upstreams send them; nothing here goes into a page.
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? s_scratch;

    public required int Status { get; init; }

    public string? ContentType { get; init; } = JsonType;

    public ReadOnlyMemory<byte> Body { get; init; }

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What it tells about every handle asked for, unless <see cref="PerKey"/> says it one by one.</summary>
    public KeyAnswer Keys { get; init; }

    /// <summary>What it tells about each handle, in the order asked.</summary>
    public KeyAnswer[]? PerKey { get; init; }

    /// <summary>When which part of the body is sent; empty: all of it at once.</summary>
    public IReadOnlyList<ReplyPiece> Pieces { get; init; } = [];

    /// <summary>The call uses nothing of the quota up.</summary>
    public bool Free { get; init; }

    public KeyAnswer For(int key) => PerKey is { } each ? each[key] : Keys;

    public static Reply Json(int status, Action<Utf8JsonWriter> write)
    {
        var (buffer, writer) = s_scratch ??= Scratch();
        buffer.ResetWrittenCount();
        writer.Reset(buffer);
        write(writer);
        writer.Flush();
        var body = buffer.WrittenSpan.ToArray();
        if (buffer.Capacity > 1_000_000) s_scratch = null;
        return new Reply { Status = status, Body = body };
    }

    public static Reply JsonText(int status, string json) => new() { Status = status, Body = Encoding.UTF8.GetBytes(json) };

    public static Reply Html(int status, string page) => new() { Status = status, ContentType = HtmlType, Body = Encoding.UTF8.GetBytes(page) };

    public Reply With(string header, string value) => this with { Headers = [.. Headers, (header, value)] };

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Scratch()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        return (buffer, new Utf8JsonWriter(buffer, Writing));
    }
}
