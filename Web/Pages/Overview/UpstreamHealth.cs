using OrleansBulk.Web.Api;
using OrleansBulk.Web.Pages.Upstreams;

namespace OrleansBulk.Web.Pages.Overview;

/// <summary>An upstream as the overview shows it: how it is, and how much of its limit is used from here.</summary>
/// <param name="Tone">good, warn, bad, busy or quiet.</param>
/// <param name="Why">What holds calls back; null when nothing does.</param>
/// <param name="Calls">Calls a second, of how many.</param>
/// <param name="Use">The same as a part of one; null when there is no limit.</param>
internal sealed record UpstreamHealth(string Name, string State, string Tone, string? Why, string Calls, double? Use, int Waiting, int InFlight, string Latency)
{
    public static UpstreamHealth Of(UpstreamView upstream)
    {
        var (gate, limit) = (upstream.Gate, upstream.InForce.CallsPerSecond);
        var rate = gate?.CallsPerSecond ?? 0;
        return new UpstreamHealth(
            upstream.Name, UpstreamWords.State(upstream), UpstreamWords.Tone(upstream), UpstreamWords.Trouble(upstream) ?? gate?.HeldBack,
            $"{UpstreamWords.Rate(rate)} {(limit is { } most ? $"of {UpstreamWords.Rate(most)}" : "without a limit")}", limit is > 0 ? Math.Min(1, rate / limit.Value) : null,
            gate?.Waiting ?? 0, gate?.InFlight ?? 0, UpstreamWords.Latency(gate?.LatencySeconds));
    }
}
