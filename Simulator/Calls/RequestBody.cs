using System.Buffers;
using System.Text;

namespace OrleansBulk.Simulator.Calls;

/// <summary>Reads a small body as text.</summary>
internal static class RequestBody
{
    /// <summary>Null when it is longer than <paramref name="highestBytes"/>; what is too much is not read.</summary>
    public static async ValueTask<string?> ReadAsync(HttpRequest request, int highestBytes, CancellationToken cancellation)
    {
        if (request.ContentLength > highestBytes) return null;
        var input = request.BodyReader;
        while (true)
        {
            var read = await input.ReadAsync(cancellation);
            var tooLong = read.Buffer.Length > highestBytes;
            if (tooLong || read.IsCompleted)
            {
                var text = tooLong ? null : Encoding.UTF8.GetString(read.Buffer);
                input.AdvanceTo(read.Buffer.End);
                return text;
            }
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
