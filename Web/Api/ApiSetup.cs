using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>The HTTP API: what it needs and where it is.</summary>
internal static class ApiSetup
{
    public static WebApplicationBuilder AddApi(this WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi();
        builder.Services.AddSingleton<JobWatches>();
        builder.Services.AddSingleton<JobPulse>();
        builder.Services.AddSingleton<TabViews>();
        builder.Services.AddSingleton<JobViews>();
        builder.Services.AddSingleton<UpstreamViews>();
        builder.Services.AddSingleton<Timelines>();
        builder.Services.AddSingleton<RatingHistories>();
        return builder;
    }

    public static void MapApi(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").RequireAuthorization(Policies.Viewer);
        app.MapJobs();
        app.MapCodingProfiles();
        app.MapUpstreams();
        app.MapIngest();
        app.MapDistributions();
        app.MapSchedules();
        app.MapProviders();
        app.MapProviderFiles();
        app.MapLeads();
        app.MapSync();
        app.MapHooks();
        app.MapTabs();
    }
}
