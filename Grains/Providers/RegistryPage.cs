namespace OrleansBulk.Providers;

/// <summary>A page of the registry's answer, checked.</summary>
/// <param name="Npis">Of all rows, in their order.</param>
/// <param name="Found">The rows that have the specialty's code, practise where it was asked and have an NPI with a right check digit; the search finds others too.</param>
internal sealed record RegistryPage(long[] Npis, IReadOnlyList<ProviderRecord> Found);
