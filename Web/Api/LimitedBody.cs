namespace OrleansBulk.Web.Api;

/// <summary>Passes bytes through up to a limit: what a small gzipped body unpacks to can be as large as one likes.</summary>
internal sealed class LimitedBody(Stream inner, long limit) : ReadOnlyBody
{
    private long _passed;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        _passed += read;
        return _passed > limit ? throw new BodyTooLargeException() : read;
    }
}

/// <summary>The body is larger than is taken.</summary>
internal sealed class BodyTooLargeException : Exception;
