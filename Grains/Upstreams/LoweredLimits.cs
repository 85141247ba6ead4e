using System.Globalization;

namespace OrleansBulk.Upstreams;

/// <summary>
/// Limits that an operator set at run time. What <see cref="Of"/> makes of them is never above the configuration, whatever was stored and however the configuration
/// changed since.
/// </summary>
/// <param name="Concurrency">Calls at once; null: as configured.</param>
/// <param name="CallsPerSecond">The slowest limit in calls per second; null: as configured.</param>
public sealed record LoweredLimits(string Upstream, int? Concurrency, double? CallsPerSecond, string SetBy, DateTimeOffset SetAt)
{
    /// <summary>A call every 100 seconds: whoever wants less wants none, and pauses the jobs.</summary>
    public const double Slowest = 0.01;

    private const double Rounding = 1e-9;

    /// <summary>Everything is as configured.</summary>
    public bool IsNone => Concurrency is null && CallsPerSecond is null;

    /// <summary>What is wrong with such limits for this upstream; null when they can be set.</summary>
    public static string? Fault(UpstreamOptions options, int? concurrency, double? callsPerSecond)
    {
        if (concurrency is < 1 || concurrency > options.Concurrency)
        {
            return $"concurrency is {concurrency}; it must be a whole number from 1 to {options.Concurrency}, the ceiling that is configured for {options.Name}.";
        }

        if (callsPerSecond is not { } rate)
        {
            return null;
        }

        if (options.CallsPerSecond is not { } ceiling)
        {
            return $"{options.Name} has no limit of calls per second in the configuration, so none can be lowered; leave callsPerSecond out.";
        }

        return rate >= Slowest && rate <= ceiling + Rounding
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"callsPerSecond is {rate:0.####}; it must be from {Slowest} to {ceiling:0.####}, the ceiling that is configured for {options.Name}.");
    }

    /// <summary>The upstream with these limits in place of its own.</summary>
    public UpstreamOptions Of(UpstreamOptions options)
    {
        var factor = CallsPerSecond is { } rate && options.CallsPerSecond is { } ceiling ? Math.Min(1, rate / ceiling) : 1;
        return options with
        {
            Concurrency = Math.Clamp(Concurrency ?? options.Concurrency, 1, options.Concurrency),
            Limits = factor < 1 ? [.. options.Limits.Select(limit => Lower(limit, factor))] : options.Limits,
        };
    }

    /// <summary>
    /// Fewer calls in the same period; where less than one would be left, one in a longer period. A shorter period with fewer calls would let more through at its edges
    /// than the configured limit does.
    /// </summary>
    private static CallLimit Lower(CallLimit limit, double factor)
    {
        var calls = limit.Calls * factor;
        return calls >= 1 - Rounding ? limit with { Calls = (int)(calls + Rounding) } : new CallLimit(1, limit.Per / calls);
    }
}
