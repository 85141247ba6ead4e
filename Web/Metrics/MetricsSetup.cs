using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Metrics;

public static class MetricsSetup
{
    private const string PublicSetting = "Metrics:Public";

    /// <summary>Listens to the meters. Before everything that may measure, so that nothing is missed.</summary>
    public static WebApplicationBuilder AddMetricsText(this WebApplicationBuilder builder)
    {
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<MetricCollector>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<MetricCollector>());
        return builder;
    }

    /// <summary>
    /// <c>/metrics</c>, for a viewer's key. With <c>Metrics:Public=true</c> for everybody who reaches the port; then also while the database, in which the
    /// keys are, is away.
    /// </summary>
    public static void MapMetricsText(this WebApplication app)
    {
        var endpoint = app.MapGet("/metrics", (MetricCollector collector) => TypedResults.Text(collector.Collect(), PrometheusText.ContentType)).ExcludeFromDescription();
        if (app.Configuration.GetValue<bool>(PublicSetting))
        {
            endpoint.ShortCircuit();
        }
        else
        {
            endpoint.RequireAuthorization(Policies.Viewer).WithMetadata(Foreground.NotForegroundAttribute.Mark);
        }
    }
}
