using Microsoft.Extensions.Hosting;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hosting;

/// <summary>The first thing that starts: the settings are right (asking for the catalog reads it), the database answers, the schema is up to date.</summary>
internal sealed class DatabaseStart(UpstreamCatalog catalog, DatabaseSettings settings, Migrator migrator) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = catalog;
        return migrator.RunAsync(settings.ConnectionString, settings.Wait, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
