using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Embedded;

/// <summary>A silo with a clock moved by hand, and a key of its own for each test.</summary>
public abstract class EmbeddedSiloTest : IAsyncLifetime
{
    private protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private GrainCluster _cluster = null!;
    private bool _stopped;

    private protected ManualClock Clock { get; } = new();

    private protected string Key { get; } = "probe/" + Guid.NewGuid();

    private protected IProbeGrain Grain => At(Key);

    private protected IGrainFactory Grains => _cluster.Grains;

    private protected EmbeddedSilo Silo => _cluster.Services.GetRequiredService<EmbeddedSilo>();

    private protected IServiceProvider Services => _cluster.Services;

    private protected int Live => Silo.CountActivations()["probe"];

    public async Task InitializeAsync() => _cluster = await GrainCluster.StartAsync(services =>
    {
        services.AddSingleton<TimeProvider>(Clock);
        services.Configure<EmbeddedGrainOptions>(Configure);
        ConfigureServices(services);
    });

    public async Task DisposeAsync()
    {
        if (!_stopped) await _cluster.DisposeAsync();
    }

    private protected virtual void Configure(EmbeddedGrainOptions options) { }

    private protected virtual void ConfigureServices(IServiceCollection services) { }

    private protected IProbeGrain At(string key) => Grains.GetGrain<IProbeGrain>(key);

    private protected async Task StopAsync()
    {
        _stopped = true;
        await _cluster.DisposeAsync();
    }

    /// <summary>Lets activations end that were told to, which they do on the thread pool.</summary>
    private protected static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            if (patience.IsCancellationRequested) throw new TimeoutException($"Waited {Patience} for: {what}.");
            await Task.Delay(1);
        }
    }
}
