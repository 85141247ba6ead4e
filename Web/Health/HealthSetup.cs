using System.Globalization;

namespace OrleansBulk.Web.Health;

public static class HealthSetup
{
    public static WebApplicationBuilder AddHealth(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Readiness>();
        builder.Services.AddSingleton<IReadinessProbe, DatabaseProbe>();
        return builder;
    }

    /// <summary>Counts the grains to what must answer. For a Web with a silo, or that is a client of one.</summary>
    public static WebApplicationBuilder AddGrainProbe(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IReadinessProbe, GrainProbe>();
        return builder;
    }

    /// <summary>
    /// <c>/healthz</c>: this process is alive. <c>/readyz</c>: what it needs answers. Both skip sign-in, which needs the database: they must speak when
    /// it is away.
    /// </summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/healthz", () => TypedResults.Json(new { status = "alive" })).ExcludeFromDescription().ShortCircuit();
        endpoints.MapGet("/readyz", ReadyAsync).ExcludeFromDescription().ShortCircuit();
    }

    private static async Task<IResult> ReadyAsync(Readiness readiness, HttpResponse response, CancellationToken cancellationToken)
    {
        var answers = await readiness.CheckAsync(cancellationToken);
        var checks = answers.ToDictionary(answer => answer.Key, answer => answer.Value ?? "ready");
        if (answers.Values.All(fault => fault is null))
        {
            return TypedResults.Json(new { status = "ready", checks });
        }

        response.Headers.RetryAfter = 5.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Json(new { status = "not ready", checks }, statusCode: StatusCodes.Status503ServiceUnavailable);
    }
}
