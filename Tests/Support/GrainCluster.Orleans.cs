using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using Orleans.TestingHost;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// The grains of the application and of the tests, running on two silos; the one thing that differs between the runtimes in a grain test.
/// State goes to memory under the name <c>Default</c>.
/// </summary>
public sealed class GrainCluster : IAsyncDisposable
{
    private const short Silos = 2;

    private readonly InProcessTestCluster _cluster;

    private GrainCluster(InProcessTestCluster cluster) => _cluster = cluster;

    public IGrainFactory Grains => _cluster.Client;

    /// <summary>The services of the first silo.</summary>
    public IServiceProvider Services => _cluster.GetSiloServiceProvider(_cluster.Silos[0].SiloAddress);

    /// <param name="configure">Adds to, or replaces, the services of every silo.</param>
    public static async Task<GrainCluster> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var builder = new InProcessTestClusterBuilder(Silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => silo.AddMemoryGrainStorage("Default").AddMemoryGrainStorage(StorageNames.Default));
        builder.ConfigureSiloHost((_, host) => configure?.Invoke(host.Services));
        var cluster = new GrainCluster(builder.Build());
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}
