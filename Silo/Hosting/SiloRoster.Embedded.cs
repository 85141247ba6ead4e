using System.Diagnostics;
using Orleans.Runtime;

namespace OrleansBulk.Hosting;

/// <summary>The silos there are: in the embedded runtime this process alone.</summary>
public sealed class SiloRoster(EmbeddedSilo silo, SiloIdentity identity)
{
    private readonly DateTimeOffset _startedAt = StartOfProcess();

    public string Runtime => "embedded: one process";

    public Task<IReadOnlyList<SiloInfo>> ListAsync() => Task.FromResult<IReadOnlyList<SiloInfo>>([new SiloInfo(identity.Name, "active", _startedAt, silo.CountActivations())]);

    private static DateTimeOffset StartOfProcess()
    {
        using var process = Process.GetCurrentProcess();
        return process.StartTime;
    }
}
