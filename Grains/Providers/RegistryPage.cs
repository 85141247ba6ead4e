namespace OrleansBulk.Providers;

/// <summary>A page of the registry's answer, checked.</summary>
/// <param name="Npis">Of all rows, in their order.</param>
/// <param name="Found">The rows that have the specialty's code and practise where it was asked; the search finds others too.</param>
/// <param name="Rejected">Rows whose NPI has a wrong check digit: never stored.</param>
internal sealed record RegistryPage(long[] Npis, IReadOnlyList<ProviderRecord> Found, int Rejected);
