using Microsoft.Extensions.Hosting;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hosting;

/// <summary>Starts after the grains and so stops before them: closed gates give back their leases while the grains that keep the budgets still answer.</summary>
internal sealed class GatesStop(UpstreamGates gates) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => gates.CloseAsync().WaitAsync(cancellationToken);
}
