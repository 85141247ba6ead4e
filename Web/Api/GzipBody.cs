using System.IO.Compression;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Unpacks a body that begins as gzip does. No text in UTF-8 begins so, and a file that somebody picks in a browser comes without a header that says it.
/// <para>
/// The unpacker takes a body that was cut off for one that has ended. So a seal of our own is packed behind the sender's bytes (gzip allows one after the other): it
/// comes out last if, and only if, what stands before it was whole.
/// </para>
/// </summary>
internal sealed class GzipBody : ReadOnlyBody
{
    private static readonly byte[] Seal = "\u0001sealed\u0002"u8.ToArray();
    private static readonly byte[] PackedSeal = Pack(Seal);

    private readonly GZipStream _unpacked;
    private readonly byte[] _tail = new byte[Seal.Length]; // what came out last: the seal, if nothing follows
    private byte[] _block = [];
    private int _kept;

    private GzipBody(Stream packed) => _unpacked = new GZipStream(packed, CompressionMode.Decompress, leaveOpen: true);

    /// <summary>The body to read: a <see cref="GzipBody"/> or the bytes as they come.</summary>
    public static async Task<Stream> OpenAsync(Stream body, CancellationToken cancellationToken)
    {
        var first = new byte[2];
        var read = await body.ReadAtLeastAsync(first, 2, throwOnEndOfStream: false, cancellationToken);
        return first is [0x1f, 0x8b] ? new GzipBody(new Joined(first, body, PackedSeal)) : new Joined(first.AsMemory(0, read), body, default);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_block.Length < buffer.Length + Seal.Length)
        {
            _block = new byte[buffer.Length + Seal.Length];
        }

        while (true)
        {
            _tail.AsSpan(0, _kept).CopyTo(_block);
            var read = await _unpacked.ReadAsync(_block.AsMemory(_kept, buffer.Length), cancellationToken);
            if (read == 0)
            {
                return _tail.AsSpan(0, _kept).SequenceEqual(Seal) ? 0 : throw new InvalidDataException("The gzip data ends too early; the body may have been cut off on its way.");
            }

            var all = _kept + read;
            var passed = Math.Max(0, all - Seal.Length);
            _kept = all - passed;
            _block.AsSpan(passed, _kept).CopyTo(_tail);
            if (passed > 0)
            {
                _block.AsSpan(0, passed).CopyTo(buffer.Span);
                return passed;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _unpacked.Dispose();
        }

        base.Dispose(disposing);
    }

    private static byte[] Pack(byte[] bytes)
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>Some bytes, then a stream, then some bytes.</summary>
    private sealed class Joined(ReadOnlyMemory<byte> first, Stream rest, ReadOnlyMemory<byte> last) : ReadOnlyBody
    {
        private ReadOnlyMemory<byte> _first = first;
        private ReadOnlyMemory<byte> _last = last;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!_first.IsEmpty)
            {
                return Take(ref _first, buffer.Span);
            }

            return await rest.ReadAsync(buffer, cancellationToken) is > 0 and var read ? read : Take(ref _last, buffer.Span);
        }

        private static int Take(ref ReadOnlyMemory<byte> from, Span<byte> to)
        {
            var count = Math.Min(from.Length, to.Length);
            from.Span[..count].CopyTo(to);
            from = from[count..];
            return count;
        }
    }
}
