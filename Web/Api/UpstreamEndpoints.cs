using System.Text.Json;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/upstreams</c>: look, and lower or raise limits within the configured ones.</summary>
internal static class UpstreamEndpoints
{
    private const string Shape = "The body must be {\"concurrency\": …, \"callsPerSecond\": …}: numbers up to the configured ones, or null or left out for as configured. Nothing was changed.";

    public static void MapUpstreams(this IEndpointRouteBuilder routes)
    {
        var upstreams = routes.MapGroup("/api/upstreams").WithTags("Upstreams").RequireAuthorization(Policies.Viewer);
        upstreams.MapGet("/", ListAsync).Produces<UpstreamList>().WithSummary("Every upstream: limits, and what this silo's gate does within them.");
        upstreams.MapGet("/{name}", GetAsync).Produces<UpstreamView>().WithSummary("One upstream.");
        upstreams.MapPut("/{name}/limits", PutLimitsAsync).RequireAuthorization(Policies.Operator).Reads<LimitsBody>().Produces<UpstreamView>()
            .WithSummary("Lowers the limits of an upstream, or raises them again up to the configured ones. Every silo follows within two seconds.");
    }

    private static async Task<IResult> ListAsync(UpstreamViews views, CancellationToken cancellationToken) => TypedResults.Ok(new UpstreamList(await views.ListAsync(cancellationToken)));

    private static async Task<IResult> GetAsync(string name, UpstreamViews views, CancellationToken cancellationToken) =>
        await views.FindAsync(name, cancellationToken) is { } view ? TypedResults.Ok(view) : await UnknownAsync(name, views, cancellationToken);

    private static async Task<IResult> PutLimitsAsync(string name, HttpContext context, UpstreamViews views, CancellationToken cancellationToken)
    {
        if (await views.FindAsync(name, cancellationToken) is null)
        {
            return await UnknownAsync(name, views, cancellationToken);
        }

        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            if (!TryRead(body!.RootElement, out var concurrency, out var callsPerSecond))
            {
                return Problems.BadRequest(Shape);
            }

            return await views.SetLimitsAsync(name, concurrency, callsPerSecond, context.User.ActorName()) is { } fault
                ? Problems.BadRequest($"{fault} Nothing was changed.")
                : TypedResults.Ok(await views.FindAsync(name, cancellationToken));
        }
    }

    /// <summary>False for anything but the two numbers: a member that is misspelt would mean "as configured".</summary>
    private static bool TryRead(JsonElement body, out int? concurrency, out double? callsPerSecond)
    {
        (concurrency, callsPerSecond) = (null, null);
        if (body.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        foreach (var member in body.EnumerateObject())
        {
            switch (member.Name, member.Value.ValueKind)
            {
                case ("concurrency" or "callsPerSecond", JsonValueKind.Null):
                    break;
                case ("concurrency", JsonValueKind.Number) when member.Value.TryGetInt32(out var calls):
                    concurrency = calls;
                    break;
                case ("callsPerSecond", JsonValueKind.Number) when member.Value.TryGetDouble(out var rate):
                    callsPerSecond = rate;
                    break;
                default:
                    return false;
            }
        }

        return true;
    }

    private static async Task<ProblemAnswer> UnknownAsync(string name, UpstreamViews views, CancellationToken cancellationToken) =>
        Problems.NotFound($"There is no upstream '{name}'. Known are: {string.Join(", ", (await views.ListAsync(cancellationToken)).Select(upstream => upstream.Name))}.");
}

public sealed record UpstreamList(IReadOnlyList<UpstreamView> Items);

/// <param name="Concurrency">Calls at once; null: as configured.</param>
/// <param name="CallsPerSecond">The slowest limit; the others change by the same factor. Null: as configured.</param>
public sealed record LimitsBody(int? Concurrency, double? CallsPerSecond);
