using System.Collections.Immutable;

namespace OrleansBulk.Upstreams;

/// <summary>Asks for other limits than the configured ones, never above them.</summary>
/// <param name="Concurrency">Calls at once over all silos; null: as configured.</param>
/// <param name="CallsPerSecond">The slowest of the limits in calls per second; the others change by the same factor. Null: as configured.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.SetLimits")]
public sealed record SetLimits([property: Id(0)] int? Concurrency, [property: Id(1)] double? CallsPerSecond, [property: Id(2)] string By);

/// <summary>An upstream's limits over all silos, as they are now.</summary>
/// <param name="Concurrency">Calls at once.</param>
/// <param name="Calls">Calls per period, in the order of the configured limits.</param>
/// <param name="Per">The period of each.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.LimitsInForce")]
public sealed record LimitsInForce([property: Id(0)] int Concurrency, [property: Id(1)] ImmutableArray<int> Calls, [property: Id(2)] ImmutableArray<TimeSpan> Per);
