using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Foreground;

public static class ForegroundSetup
{
    /// <summary>What measures people's requests; a silo in this process brings the same and lets it guide its jobs.</summary>
    public static WebApplicationBuilder AddForeground(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<ForegroundOptions>();
        builder.Services.TryAddSingleton<ForegroundGuard>();
        builder.Services.TryAddSingleton<JobMetrics>();
        return builder;
    }

    /// <summary>Behind routing, since it asks which endpoint it is; before everything that may be slow.</summary>
    public static IApplicationBuilder UseForeground(this IApplicationBuilder app) => app.UseMiddleware<UserRequests>();
}
