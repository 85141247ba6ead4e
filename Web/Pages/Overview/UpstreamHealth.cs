using System.Globalization;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Web.Pages.Overview;

/// <summary>An upstream as the overview shows it: how it is, and how much of its limit is used here.</summary>
/// <param name="State">In a word or two.</param>
/// <param name="Tone">good, warn, bad or quiet.</param>
/// <param name="Why">What holds calls back; null when nothing does.</param>
/// <param name="Use">Of the calls per second that it allows, 0 to 1; null when no limit is known.</param>
public sealed record UpstreamHealth(string Name, string State, string Tone, string? Why, string Calls, double? Use, int Waiting, int InFlight, TimeSpan? Latency)
{
    /// <param name="gate">Null: not in use on this server so far.</param>
    public static UpstreamHealth Of(UpstreamOptions upstream, GateView? gate)
    {
        var limit = upstream.CallsPerSecond;
        var of = limit is { } allowed ? $" of {Rate(allowed)}/s" : "/s, no limit";
        if (gate is null or { Calls: 0, Waiting: 0, InFlight: 0 })
        {
            return new UpstreamHealth(upstream.Name, "not used yet", "quiet", null, $"0{of}", limit is null ? null : 0, 0, 0, null);
        }

        var (state, tone) = gate switch
        {
            { Breaker: "open" } => ("breaker open", "bad"),
            { Breaker: "probing" } => ("trying again", "warn"),
            { InFlight: 0, Waiting: 0 } => ("ready", "good"),
            { Waiting: > 0, BoundBy: not null } => ("at its limit", "busy"),
            _ => ("at work", "good"),
        };
        return new UpstreamHealth(
            upstream.Name, state, tone, gate.BoundBy, $"{Rate(gate.CallsPerSecond)}{of}", limit is > 0 ? Math.Min(1, gate.CallsPerSecond / limit.Value) : null, gate.Waiting, gate.InFlight, gate.Latency);
    }

    private static string Rate(double rate) => rate.ToString(rate is > 0 and < 10 ? "0.#" : "N0", CultureInfo.InvariantCulture);
}
