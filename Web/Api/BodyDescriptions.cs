using System.Text.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Tells the OpenAPI document what bodies are read. The endpoints read them by themselves, so that each mistake gets its own sentence, and the framework cannot know.
/// (<c>Accepts</c> would tell it too, but refuses other formats before the endpoint can say which ones it reads.)
/// </summary>
internal static class BodyDescriptions
{
    /// <param name="required">False when the request may come without a body.</param>
    /// <param name="formats">Content types, of which only JSON has the shape of <typeparamref name="TBody"/>; JSON when none is given.</param>
    public static RouteHandlerBuilder Reads<TBody>(this RouteHandlerBuilder route, bool required = true, params string[] formats) =>
        route.AddOpenApiOperationTransformer(async (operation, context, cancellationToken) =>
        {
            var schema = await context.GetOrCreateSchemaAsync(typeof(TBody), null, cancellationToken);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = required,
                Content = (formats.Length > 0 ? formats : ["application/json"]).ToDictionary(format => format, format => new OpenApiMediaType { Schema = format == "application/json" ? schema : null }),
            };
        });
}

/// <param name="Spec">The workload's own; for profile-refresh <see cref="RefreshBody"/>'s members.</param>
/// <param name="Mode">high-performance (default: up to 100 calls at once) or standard (up to 10).</param>
public sealed record JobBody(string Workload, JsonElement Spec, string? Mode, int? MaxConcurrency, string? IdempotencyKey);

/// <param name="ProfileIds">Either these or <paramref name="Filter"/>.</param>
/// <param name="Filter">Empty for all profiles.</param>
/// <param name="MaxAgeSeconds">Younger profiles are skipped; default 300, 0 refreshes all.</param>
public sealed record RefreshBody(IReadOnlyList<Guid>? ProfileIds, RefreshFilter? Filter, double? MaxAgeSeconds, string? Mode, int? MaxConcurrency, string? IdempotencyKey);

public sealed record RefreshFilter(string? Platform, string? Q, string? Owner, DateTimeOffset? StaleAfter, string? State);

/// <param name="Cause">One of the job's causes; all failed items without it.</param>
public sealed record RetryBody(string? Cause);

public sealed record ProfileBody(string Platform, string Handle, string? Owner);

public sealed record DeleteBody(IReadOnlyList<Guid> ProfileIds);
