using System.Text.Json;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Graph;

/// <summary>The body of a GraphQL call: what it selects, or why it cannot be read.</summary>
internal sealed record GraphRequest(IReadOnlyList<GraphField> Selection, string? Fault)
{
    private const int HighestBodyBytes = 1_000_000;

    public static async ValueTask<GraphRequest> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (await RequestBody.ReadAsync(request, HighestBodyBytes, cancellation) is not { } body) return new GraphRequest([], "Body too large");
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("query", out var query) || query.ValueKind != JsonValueKind.String)
                return new GraphRequest([], "Must provide query string.");
            return new GraphRequest(GraphParser.Parse(query.GetString()!, root.TryGetProperty("variables", out var variables) ? variables : default), null);
        }
        catch (JsonException)
        {
            return new GraphRequest([], "POST body sent invalid JSON.");
        }
        catch (GraphSyntaxException syntax)
        {
            return new GraphRequest([], $"Syntax Error: {syntax.Message}");
        }
    }
}
