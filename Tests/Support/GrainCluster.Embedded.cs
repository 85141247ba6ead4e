using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// The grains of the application and of the tests, running; the one thing that differs between the runtimes in a grain test.
/// State goes to memory, under the name <c>Default</c> and under that of the application.
/// </summary>
public sealed class GrainCluster : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly IHost _host;

    private GrainCluster(IHost host) => _host = host;

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>The services of a silo; the embedded runtime has just the one.</summary>
    public IServiceProvider Services => _host.Services;

    /// <param name="configure">Adds to, or replaces, the services of every silo.</param>
    public static async Task<GrainCluster> StartAsync(Action<IServiceCollection>? configure = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEmbeddedGrains(null, typeof(GrainCluster).Assembly, Assembly.Load("OrleansBulk.Grains"));
        builder.Services.AddMemoryGrainStorage("Default");
        builder.Services.AddMemoryGrainStorage(StorageNames.Default);
        configure?.Invoke(builder.Services);
        var cluster = new GrainCluster(builder.Build());
        await cluster._host.StartAsync();
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(s_patience);
        await _host.StopAsync(patience.Token);
        _host.Dispose();
    }
}
