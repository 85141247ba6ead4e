namespace OrleansBulk.Providers;

/// <summary>What a sync writes about an item. Closed: <see cref="PageRead"/>, <see cref="QueryReread"/>, <see cref="PageUnread"/>.</summary>
internal abstract record PageWrite(RegistryPart Part);

/// <param name="Npis">Of all rows.</param>
/// <param name="Found">Of the rows of the specialty.</param>
/// <param name="Providers">The same in full; null when the answer was known already, and so are they.</param>
/// <param name="Children">The narrower queries that it was split into.</param>
/// <param name="Saturated">There are rows that this query cannot reach.</param>
/// <param name="ReadAt">When the registry answered it.</param>
internal sealed record PageRead(
    RegistryPart Part, long[] Npis, long[] Found, IReadOnlyList<ProviderRecord>? Providers, bool Saturated, IReadOnlyList<RegistryQuery> Children, DateTimeOffset ReadAt) : PageWrite(Part);

/// <summary>All pages of its query that there are, read in one go: what was read of them before no longer counts.</summary>
internal sealed record QueryReread(RegistryPart Part, IReadOnlyList<PageRead> Pages) : PageWrite(Part);

/// <summary>Its item failed: what it would have brought is missing.</summary>
internal sealed record PageUnread(RegistryPart Part) : PageWrite(Part);
