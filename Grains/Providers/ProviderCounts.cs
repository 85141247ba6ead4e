namespace OrleansBulk.Providers;

/// <summary>What writing providers came to. Together they are the providers that were written, each once.</summary>
/// <param name="Unchanged">Among them those that were stored from a newer state already.</param>
public readonly record struct ProviderCounts(long Created, long Updated, long Unchanged)
{
    public static ProviderCounts operator +(ProviderCounts left, ProviderCounts right) =>
        new(left.Created + right.Created, left.Updated + right.Updated, left.Unchanged + right.Unchanged);

    public static ProviderCounts Add(ProviderCounts left, ProviderCounts right) => left + right;
}
