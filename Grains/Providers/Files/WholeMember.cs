namespace OrleansBulk.Providers.Files;

/// <summary>
/// A member of a zip that says so when it is not whole: the unpacker takes data that was cut off for data that has ended, and does not compare the checksum.
/// </summary>
internal sealed class WholeMember(Stream unpacked, long length, uint checksum, string name) : Stream
{
    private long _read;
    private uint _sum = uint.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await unpacked.ReadAsync(buffer, cancellationToken);
        _sum = Checksum.Add(_sum, buffer.Span[..read]);
        _read += read;
        if (_read > length || (read == 0 && !buffer.IsEmpty && (_read != length || ~_sum != checksum)))
        {
            throw new InvalidDataException(_read == length
                ? $"'{name}' in the zip is broken: its checksum is wrong."
                : $"'{name}' in the zip is broken: it unpacks to {_read:N0} bytes, not to the {length:N0} that the zip names.");
        }

        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read it asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await unpacked.DisposeAsync();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
