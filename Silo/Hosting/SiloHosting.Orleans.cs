using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Hosting;

public static partial class SiloHosting
{
    internal const bool FormsCluster = true;

    /// <summary>The name by which Orleans finds the driver of PostgreSQL.</summary>
    private const string Driver = "Npgsql";

    /// <summary>Calls that were under way to a silo that died fail only after this time; jobs take it for what it is and ask again.</summary>
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);

    // A silo that was killed is found out after about four seconds.
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private const int MissedProbes = 2;

    // A job touches a million profile grains once each: they must not stay for Orleans' usual quarter of an hour.
    private static readonly TimeSpan CollectionAge = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan CollectionQuantum = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ConnectAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>The executable of this flavour: a silo of a cluster.</summary>
    internal static Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        SetDefaults(builder.Configuration, ("Logging:LogLevel:Microsoft", "Warning"), ("Logging:LogLevel:Microsoft.Hosting.Lifetime", "Information"), ("Logging:LogLevel:Npgsql", "Warning"));
        builder.AddBulkSilo();
        return builder.Build().RunToExitCodeAsync();
    }

    /// <summary>A silo of a cluster, or, with <c>Cluster:Role=client</c>, only a client of one.</summary>
    /// <returns>Whether grains live in this process.</returns>
    private static bool AddRuntime(IHostApplicationBuilder builder)
    {
        SetDefaults(builder.Configuration, ("Logging:LogLevel:Orleans", "Warning"));
        builder.Services.AddSingleton(NewIdentity(ownsCluster: false));
        builder.Services.AddSingleton(provider => ClusterSettings.FromConfiguration(provider.GetRequiredService<IConfiguration>()));
        builder.Services.AddOptions<ClusterOptions>().Configure<ClusterSettings>((options, settings) => (options.ClusterId, options.ServiceId) = (settings.ClusterId, settings.ServiceId));
        builder.Services.AddHostedService<ForegroundBoard>();
        if (ClusterSettings.IsClient(builder.Configuration))
        {
            builder.AddBulkClient();
            return false;
        }

        builder.Services.AddHostedService<DatabaseOwnership>();
        builder.Services.AddOptions<EndpointOptions>().Configure<ClusterSettings>(SetEndpoints);
        builder.UseOrleans(silo => silo
            .UseAdoNetClustering(options => options.Configure<DatabaseSettings>((clustering, database) => (clustering.Invariant, clustering.ConnectionString) = (Driver, ForOrleans(database))))
            .AddAdoNetGrainStorage(StorageNames.Default, options => options.Configure<DatabaseSettings>((storage, database) =>
            {
                (storage.Invariant, storage.ConnectionString) = (Driver, ForOrleans(database));
                storage.GrainStorageSerializer = new JsonStateSerializer();
            }))
            .Configure<SiloMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout)
            .Configure<ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout)
            .Configure<ClusterMembershipOptions>(options => (options.ProbeTimeout, options.NumMissedProbesLimit) = (ProbeTimeout, MissedProbes))
            .Configure<GrainCollectionOptions>(options => (options.CollectionAge, options.CollectionQuantum) = (CollectionAge, CollectionQuantum)));
        return true;
    }

    /// <summary>Only calls grains: finds the silos through the database, and waits for the first of them.</summary>
    private static void AddBulkClient(this IHostApplicationBuilder builder) =>
        builder.UseOrleansClient(client => client
            .UseAdoNetClustering(options => options.Configure<DatabaseSettings>((clustering, database) => (clustering.Invariant, clustering.ConnectionString) = (Driver, ForOrleans(database))))
            .Configure<ClientMessagingOptions>(options => options.ResponseTimeout = ResponseTimeout)
            .UseConnectionRetryFilter(async (_, cancellationToken) =>
            {
                await Task.Delay(ConnectAgainAfter, cancellationToken);
                return true;
            }));

    private static void SetEndpoints(EndpointOptions options, ClusterSettings settings)
    {
        // Both at once, so that they differ. Orleans itself refuses port 0 of a silo, and takes that of a gateway for "none".
        using var first = new TcpListener(IPAddress.Any, 0);
        using var second = new TcpListener(IPAddress.Any, 0);
        first.Start();
        second.Start();
        options.AdvertisedIPAddress = settings.AdvertisedAddress;
        options.SiloPort = settings.SiloPort == 0 ? ((IPEndPoint)first.LocalEndpoint).Port : settings.SiloPort;
        options.GatewayPort = settings.GatewayPort == 0 ? ((IPEndPoint)second.LocalEndpoint).Port : settings.GatewayPort;

        var listen = settings.ListenOnAnyAddress ? (settings.AdvertisedAddress.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any) : settings.AdvertisedAddress;
        options.SiloListeningEndpoint = new IPEndPoint(listen, options.SiloPort);
        options.GatewayListeningEndpoint = new IPEndPoint(listen, options.GatewayPort);
    }

    /// <summary>Membership and states share a pool of their own: what decides whether this silo is alive must not wait behind anything.</summary>
    private static string ForOrleans(DatabaseSettings settings) => new NpgsqlConnectionStringBuilder(settings.ConnectionString)
    {
        ApplicationName = "bulk-orleans",
        MaxPoolSize = 2,
        Timeout = 10,
        CommandTimeout = 10,
        KeepAlive = 30,
    }.ConnectionString;

    /// <summary>Settings of the lowest rank: whatever else sets them wins.</summary>
    private static void SetDefaults(IConfigurationManager configuration, params (string Key, string Value)[] settings) =>
        configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)) });
}
