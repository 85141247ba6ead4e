using Microsoft.AspNetCore.Routing;

namespace OrleansBulk.Web.Errors;

public static class ErrorsSetup
{
    public static WebApplicationBuilder AddErrors(this WebApplicationBuilder builder)
    {
        builder.Services.AddExceptionHandler<ExceptionAnswers>();

        // Otherwise a body that cannot be bound is a bare 400 outside development, and nobody learns which byte was wrong.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        return builder;
    }

    /// <summary>Answers everything that goes wrong below it. Above it only what adds headers.</summary>
    public static IApplicationBuilder UseErrors(this IApplicationBuilder app)
    {
        app.UseStatusCodePages(EmptyAnswers.FillAsync);
        return app.UseExceptionHandler(static _ => { });
    }
}
