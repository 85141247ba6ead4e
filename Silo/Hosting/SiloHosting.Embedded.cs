using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Storage;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hosting;

public static partial class SiloHosting
{
    internal const bool FormsCluster = false;

    /// <summary>The executable of this flavour: a silo of one's own would be one that nobody calls.</summary>
    internal static async Task<int> RunAsync(string[] args)
    {
        _ = args;
        await Console.Error.WriteLineAsync("A silo on its own needs the Orleans flavour: build it with -p:GrainRuntime=Orleans; in this one, Web has the grains in its own process.");
        return 2;
    }

    /// <summary>One process: it holds the database alone, and its grains keep their states beside the rest of the data.</summary>
    private static bool AddRuntime(IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(NewIdentity(ownsCluster: true));
        services.AddHostedService<DatabaseOwnership>();
        services.AddKeyedSingleton<IGrainStorage, PostgresGrainStorage>(StorageNames.Default);
        services.AddEmbeddedGrains(null, typeof(UpstreamGates).Assembly);
        return true;
    }
}
