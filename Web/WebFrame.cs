using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Foreground;
using OrleansBulk.Web.Health;
using OrleansBulk.Web.Metrics;
using OrleansBulk.Web.Security;
using OrleansBulk.Web.Settings;

namespace OrleansBulk.Web;

/// <summary>
/// What every page and endpoint stands in: metrics, errors, security, accounts, health. The order matters and is written here once, for the program and for
/// the tests. Needs a <see cref="Storage.Database"/> among the services.
/// </summary>
public static class WebFrame
{
    public static WebApplicationBuilder AddWebFrame(this WebApplicationBuilder builder)
    {
        builder.AddMetricsText();
        builder.AddErrors();
        builder.AddSecurity();
        builder.AddAccounts();
        builder.AddHealth();
        builder.AddForeground();
        builder.Services.AddSingleton<SettingsInEffect>();
        builder.Services.AddRazorPages();
        return builder;
    }

    /// <summary>The pipeline, before any endpoint is mapped.</summary>
    public static WebApplication UseWebFrame(this WebApplication app)
    {
        app.UseSecurity(); // headers first: errors carry them too
        app.UseErrors();
        app.UseRouting();
        app.UseForeground();
        app.UseAccounts();
        app.UseCrossSiteGuard(); // needs to know whether a session or a key is asking
        app.MapHealth();
        app.MapMetricsText();
        app.MapRazorPages();
        return app;
    }
}
