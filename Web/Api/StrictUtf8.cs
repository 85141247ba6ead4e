using System.Text.Unicode;

namespace OrleansBulk.Web.Api;

/// <summary>Passes bytes through and refuses what is not UTF-8 text, so that a picture named .csv is called one before anything of it is believed.</summary>
internal sealed class StrictUtf8(Stream inner) : Stream
{
    private readonly byte[] _tail = new byte[4]; // the beginning of a character that the next read completes
    private int _kept;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _position; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        Check(buffer.Span[..read], last: read == 0);
        _position += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Request bodies are read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Check(ReadOnlySpan<byte> bytes, bool last)
    {
        if (_kept > 0)
        {
            var joined = new byte[_kept + bytes.Length];
            _tail.AsSpan(0, _kept).CopyTo(joined);
            bytes.CopyTo(joined.AsSpan(_kept));
            bytes = joined;
        }

        var whole = last ? bytes.Length : bytes.Length - Unfinished(bytes);
        if (bytes[..whole].Contains((byte)0) || !Utf8.IsValid(bytes[..whole]))
        {
            throw new InvalidDataException($"It is not text in UTF-8 (somewhere after byte {Math.Max(0, _position - _kept)}).");
        }

        _kept = bytes.Length - whole;
        bytes[whole..].CopyTo(_tail);
    }

    /// <summary>How many bytes at the end begin a character whose rest has not come yet.</summary>
    private static int Unfinished(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            var first = bytes[^back];
            if ((first & 0xC0) != 0x80)
            {
                var needs = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
                return needs > back ? back : 0;
            }
        }

        return 0;
    }
}
