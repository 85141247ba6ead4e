using Orleans.Runtime;

namespace OrleansBulk.Hosting;

/// <summary>The silos there are: what the cluster's membership says, those that are gone left out.</summary>
public sealed class SiloRoster(IGrainFactory grains)
{
    public string Runtime => "Orleans cluster";

    public async Task<IReadOnlyList<SiloInfo>> ListAsync()
    {
        var management = grains.GetGrain<IManagementGrain>(0);
        var silos = await management.GetDetailedHosts(onlyActive: true);
        var statistics = await management.GetSimpleGrainStatistics();
        return [.. silos.OrderBy(silo => silo.StartTime).Select(silo => new SiloInfo(
            $"{silo.HostName}/{silo.SiloAddress}", silo.Status.ToString().ToLowerInvariant(), new DateTimeOffset(DateTime.SpecifyKind(silo.StartTime, DateTimeKind.Utc)),
            statistics.Where(grain => grain.SiloAddress.Equals(silo.SiloAddress)).GroupBy(grain => grain.GrainType).ToDictionary(type => type.Key, type => type.Sum(grain => grain.ActivationCount))))];
    }
}
