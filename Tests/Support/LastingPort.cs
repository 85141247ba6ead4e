using System.Net;
using System.Net.Sockets;

namespace OrleansBulk.Tests.Support;

/// <summary>
/// Ports of the loopback that are still free when who listens there goes and comes back: below the range from which systems give ports to outgoing connections and to those who
/// do not mind which.
/// </summary>
internal static class LastingPort
{
    private const int First = 20_000;
    private const int Ports = 12_000;

    private static int s_next = Random.Shared.Next(Ports); // other test runs on this machine begin elsewhere

    public static int Next()
    {
        for (var tries = 0; tries < Ports; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_next) % Ports);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // taken
            }
        }

        throw new InvalidOperationException($"No port from {First} to {First + Ports - 1} is free.");
    }
}
