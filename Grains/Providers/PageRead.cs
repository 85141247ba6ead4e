namespace OrleansBulk.Providers;

/// <summary>What a sync writes about an item. Closed: <see cref="PageRead"/>, <see cref="PageUnread"/>.</summary>
internal abstract record PageWrite(RegistryPart Part);

/// <param name="Npis">Of all rows.</param>
/// <param name="Found">Of the rows of the specialty.</param>
/// <param name="Providers">The same in full; null when the answer was known already, and so are they.</param>
/// <param name="Children">The narrower queries that it was split into.</param>
/// <param name="Saturated">There are rows that this query cannot reach.</param>
internal sealed record PageRead(
    RegistryPart Part, long[] Npis, long[] Found, IReadOnlyList<ProviderRecord>? Providers, bool Saturated, IReadOnlyList<RegistryQuery> Children) : PageWrite(Part);

/// <summary>Its item failed: what it would have brought is missing.</summary>
internal sealed record PageUnread(RegistryPart Part) : PageWrite(Part);
