using System.Diagnostics.Metrics;

namespace OrleansBulk.Web.Metrics;

/// <summary>Which instruments are listened to: all of ours, and of the platform's those that help to tell why something is slow.</summary>
internal static class MetricSelection
{
    private static readonly string[] Runtime = ["dotnet.gc.", "dotnet.thread_pool.", "dotnet.process.", "dotnet.exceptions", "dotnet.monitor."];

    public static bool Takes(Instrument instrument) => instrument.Meter.Name switch
    {
        "Microsoft.AspNetCore.Hosting" or "Npgsql" => true,
        "Microsoft.AspNetCore.Server.Kestrel" => instrument.Name is "kestrel.active_connections" or "kestrel.queued_connections" or "kestrel.rejected_connections",
        "System.Runtime" => Array.Exists(Runtime, start => instrument.Name.StartsWith(start, StringComparison.Ordinal)),
        var name => name.StartsWith("OrleansBulk", StringComparison.Ordinal),
    };
}
