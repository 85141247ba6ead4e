using System.Globalization;
using System.Net;
using Microsoft.Extensions.Configuration;

namespace OrleansBulk.Hosting;

/// <summary>How this process takes part in a cluster: section <c>Cluster</c>.</summary>
/// <param name="ClusterId">Silos with the same id and database form one cluster. Default <c>bulk</c>.</param>
/// <param name="ServiceId">Under which the states of grains are kept; the same for all clusters that ever serve this database. Default <c>OrleansBulk</c>.</param>
/// <param name="AdvertisedAddress">Where the others reach this silo, an IP address. Default 127.0.0.1: all silos on one machine.</param>
/// <param name="SiloPort">Where silos reach it. Default 0: a free one.</param>
/// <param name="GatewayPort">Where clients reach it. Default 0: a free one.</param>
/// <param name="ListenOnAnyAddress">Listen on all addresses of the machine, where the advertised one is not its own (containers, NAT). Default false.</param>
internal sealed record ClusterSettings(string ClusterId, string ServiceId, IPAddress AdvertisedAddress, int SiloPort, int GatewayPort, bool ListenOnAnyAddress)
{
    /// <exception cref="SiloStartException">A setting cannot be read; names it.</exception>
    public static ClusterSettings FromConfiguration(IConfiguration configuration)
    {
        var section = configuration.GetSection("Cluster");
        if (!IsRole(section["Role"]))
        {
            throw new SiloStartException($"Cluster:Role is '{section["Role"]}'; it must be 'silo' (grains in this process) or 'client' (grains in others).");
        }

        return new ClusterSettings(
            Text(section, "ClusterId", "bulk"), Text(section, "ServiceId", "OrleansBulk"), Address(section), Port(section, "SiloPort"), Port(section, "GatewayPort"), Flag(section, "ListenOnAnyAddress"));
    }

    public static bool IsClient(IConfiguration configuration) => "client".Equals(configuration["Cluster:Role"], StringComparison.OrdinalIgnoreCase);

    private static bool IsRole(string? text) => string.IsNullOrEmpty(text) || text.Equals("silo", StringComparison.OrdinalIgnoreCase) || text.Equals("client", StringComparison.OrdinalIgnoreCase);

    private static string Text(IConfigurationSection section, string key, string fallback) => section[key] is { Length: > 0 } text ? text : fallback;

    private static IPAddress Address(IConfigurationSection section)
    {
        var text = Text(section, "AdvertisedAddress", "127.0.0.1");
        return IPAddress.TryParse(text, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? address
            : throw new SiloStartException($"Cluster:AdvertisedAddress is '{text}'; it must be the IP address at which the other silos reach this one.");
    }

    private static int Port(IConfigurationSection section, string key)
    {
        var text = Text(section, key, "0");
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port <= IPEndPoint.MaxPort
            ? port
            : throw new SiloStartException($"Cluster:{key} is '{text}'; it must be a port from 1 to 65535, or 0 for a free one.");
    }

    private static bool Flag(IConfigurationSection section, string key)
    {
        var text = Text(section, key, "false");
        return bool.TryParse(text, out var flag) ? flag : throw new SiloStartException($"Cluster:{key} is '{text}'; it must be true or false.");
    }
}
