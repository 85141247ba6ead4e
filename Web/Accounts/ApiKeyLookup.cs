namespace OrleansBulk.Web.Accounts;

/// <summary>Finds the key that a request sends, believing what was read for <see cref="AccountOptions.KeyAge"/>, and notes its use.</summary>
public sealed class ApiKeyLookup(ApiKeyStore keys, ApiKeyUse use, AccountOptions options, TimeProvider time)
{
    private readonly BriefCache<string, ApiKey?> _cache = new(options.KeyAge, time);

    /// <returns>The key, also when it was revoked; null when it is unknown.</returns>
    public async Task<ApiKey?> FindAsync(string secret, CancellationToken cancellationToken)
    {
        if (!ApiKeySecret.IsPossible(secret))
        {
            return null;
        }

        // Kept by hash, so that no key lies readable in memory. The read is shared, so it does not end with the request that began it.
        var hash = ApiKeySecret.Hash(secret);
        var key = await _cache.GetAsync(Convert.ToHexString(hash), _ => keys.FindAsync(hash, CancellationToken.None), cancellationToken);
        if (key is { IsRevoked: false })
        {
            use.Note(key.Id);
        }

        return key;
    }

    /// <summary>To be called when a key was revoked here, so that it counts at once and not only when the cache is too old.</summary>
    public void Forget() => _cache.Clear();
}
