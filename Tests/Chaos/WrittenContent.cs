using System.Net;

namespace OrleansBulk.Tests.Chaos;

/// <summary>A body that is written while it is sent, so that a large one is never in memory.</summary>
internal sealed class WrittenContent : HttpContent
{
    private readonly Func<Stream, Task> _write;

    public WrittenContent(string contentType, Func<Stream, Task> write)
    {
        _write = write;
        Headers.ContentType = new(contentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => _write(stream);

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
