using System.Globalization;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Upstreams;

/// <summary>How the pages speak of upstreams.</summary>
internal static class UpstreamWords
{
    /// <summary>In one word.</summary>
    public static string State(UpstreamView upstream) => upstream switch
    {
        { Enabled: false } => "switched off",
        { Gate: null } => "not in use",
        { Gate.Breaker: not "closed" } => $"breaker {upstream.Gate.Breaker}",
        { Gate.InFlight: 0, Gate.Waiting: 0 } => "idle",
        _ => "busy",
    };

    public static string Tone(UpstreamView upstream) => upstream switch
    {
        { Enabled: false } or { Gate: null } => "quiet",
        { Gate.Breaker: "open" } => "bad",
        { Gate.Breaker: not "closed" } => "warn",
        { Gate.InFlight: 0, Gate.Waiting: 0 } => "good",
        _ => "busy",
    };

    /// <summary>Why no call goes out although somebody would call; null when nothing is wrong.</summary>
    public static string? Trouble(UpstreamView upstream) => upstream switch
    {
        { Enabled: false } => $"Profiles of {upstream.Name} are not fetched: it is switched off in the configuration (Upstreams:{upstream.Name}:Enabled).",
        { Gate: { Breaker: "open", BreakerOpenSeconds: { } seconds } gate } => $"No calls for {PageWords.Rough(TimeSpan.FromSeconds(Math.Ceiling(seconds)))} more: {gate.BreakerReason}. Items wait without spending attempts.",
        { Gate: { Breaker: not "closed" } gate } => $"Single calls try whether it answers again: {gate.BreakerReason}.",
        _ => null,
    };

    public static string Limits(UpstreamLimitsView limits) =>
        $"{PageWords.Number(limits.Concurrency)} at once, {(limits.Limits.Count == 0 ? "no limit of calls per period" : string.Join(" and ", limits.Limits))}";

    public static string Share(GateStateView? gate) => gate switch
    {
        null or { Share: 0 } => "none: it needs none now",
        _ => $"{PageWords.Number(gate.Share)} at once{string.Concat(gate.LimitShares.Select(limit => $", {PageWords.Number(limit.Used)} of {PageWords.Number(limit.Share)} used of the calls in {limit.Limit}"))}",
    };

    public static string Rate(double perSecond) => perSecond.ToString(perSecond < 10 ? "0.##" : "0", CultureInfo.InvariantCulture);

    public static string Latency(double? seconds) => seconds switch
    {
        null => PageWords.Nothing,
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s"),
    };

    /// <summary>As HTML wants numbers.</summary>
    public static string Plain(double number) => number.ToString("0.####", CultureInfo.InvariantCulture);
}
