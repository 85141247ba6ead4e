using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hosting;

/// <summary>
/// Composes a silo: database, upstreams, grains, in the order in which they start; they stop in the opposite one. What differs between the two grain
/// runtimes is in <c>SiloHosting.Embedded.cs</c> and <c>SiloHosting.Orleans.cs</c>.
/// </summary>
public static partial class SiloHosting
{
    /// <summary>
    /// Adds everything that works on grains. Settings: <c>ConnectionStrings:Bulk</c> (needed), <c>Database:Wait</c>, <c>Upstreams:…</c>, and <c>Cluster:…</c> in the
    /// Orleans flavour. They are read when the host starts; a mistake in them is a <see cref="SiloStartException"/> or names the setting.
    /// </summary>
    public static TBuilder AddBulkSilo<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);

        // The database: reached and migrated before anything else starts.
        services.AddSingleton(provider => DatabaseSettings.FromConfiguration(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton(provider => new Database(provider.GetRequiredService<DatabaseSettings>().ConnectionString, provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton(provider => new Migrator(Migration.Embedded(), FormsCluster, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Migrator>>()));
        services.AddSingleton<DatabaseFacts>();
        services.AddHostedService<DatabaseStart>();

        // What the grains need. Each noun of the work adds its own here.
        services.AddSingleton(provider => HookModels.FromConfiguration(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton(provider => UpstreamCatalog.FromConfiguration(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<HookModels>().Upstreams));
        services.AddSingleton<UpstreamLimitStore>();
        services.AddSingleton<UpstreamMetrics>();
        services.AddSingleton<UpstreamGates>();

        var hasGrains = AddRuntime(builder);

        services.AddSingleton<SiloRoster>();
        services.AddHostedService<GatesStop>();
        _ = hasGrains ? services.AddBulkGrains() : services.AddBulkStores();
        return builder;
    }

    private static SiloIdentity NewIdentity(bool ownsCluster) => new($"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid().ToString("N")[..8]}", ownsCluster);
}
