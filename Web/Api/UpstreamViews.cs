using OrleansBulk.Upstreams;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>Looks at upstreams, and sets their limits: for the pages and the API alike.</summary>
public sealed class UpstreamViews(UpstreamGates gates, UpstreamLimitStore limits, IGrainFactory grains, AuditLog audit)
{
    /// <summary>The same to the eye: a rate that went through a form loses digits.</summary>
    private const double SameRate = 1e-4;

    /// <summary>Every upstream there is, also those that are switched off.</summary>
    public async Task<IReadOnlyList<UpstreamView>> ListAsync(CancellationToken cancellationToken)
    {
        var lowered = await limits.ListAsync(cancellationToken);
        return [.. gates.Catalog.All.OrderBy(upstream => upstream.Name, StringComparer.Ordinal)
            .Select(upstream => UpstreamView.Of(upstream, lowered.GetValueOrDefault(upstream.Name), gates.LookCloser(upstream.Name)))];
    }

    public async Task<UpstreamView?> FindAsync(string name, CancellationToken cancellationToken) =>
        gates.Catalog.Find(name) is { } upstream ? UpstreamView.Of(upstream, await limits.FindAsync(name, cancellationToken), gates.LookCloser(name)) : null;

    /// <summary>Sets the limits of an upstream there is; every silo follows within a lease.</summary>
    /// <param name="concurrency">Null: as configured.</param>
    /// <param name="callsPerSecond">Null: as configured.</param>
    /// <returns>What is wrong with them; null when they are set.</returns>
    public async Task<string?> SetLimitsAsync(string name, int? concurrency, double? callsPerSecond, string actor)
    {
        var upstream = gates.Catalog.Get(name);
        if (callsPerSecond is { } rate && upstream.CallsPerSecond is { } ceiling && Math.Abs(rate - ceiling) < SameRate * ceiling)
        {
            callsPerSecond = null;
        }

        if (LoweredLimits.Fault(upstream, concurrency, callsPerSecond) is { } fault)
        {
            return fault;
        }

        var lowered = new SetLimits(concurrency == upstream.Concurrency ? null : concurrency, callsPerSecond, actor);
        await grains.GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey(name)).SetLimitsAsync(lowered);
        await audit.WriteAsync(actor, "upstream.limits", name, new { lowered.Concurrency, lowered.CallsPerSecond });
        return null;
    }
}
