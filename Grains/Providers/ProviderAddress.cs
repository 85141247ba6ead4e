namespace OrleansBulk.Providers;

/// <summary>Where a provider practises, or gets mail. Null where nothing was given.</summary>
/// <param name="PostalCode">5 or 9 digits without a hyphen in the United States.</param>
/// <param name="Country">The two letters; null in a file means the United States, so a reader fills in US.</param>
public sealed record ProviderAddress(string? Line1, string? Line2, string? City, string? State, string? PostalCode, string? Country)
{
    public static readonly ProviderAddress None = new(null, null, null, null, null, null);
}
