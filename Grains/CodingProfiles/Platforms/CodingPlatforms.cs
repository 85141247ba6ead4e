using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>The platforms that profiles can be fetched from, and why others cannot.</summary>
public sealed class CodingPlatforms : IAsyncDisposable
{
    private static readonly Dictionary<string, Func<UpstreamGates, ICodingPlatform>> Known = new(StringComparer.Ordinal)
    {
        [CodeforcesPlatform.PlatformName] = gates => new CodeforcesPlatform(gates),
        [LeetCodePlatform.PlatformName] = gates => new LeetCodePlatform(gates),
        [AtCoderPlatform.PlatformName] = gates => new AtCoderPlatform(gates),
        [GitHubPlatform.PlatformName] = gates => new GitHubPlatform(gates),
        [HackerRankPlatform.PlatformName] = gates => new HackerRankPlatform(gates),
        [GeeksForGeeksPlatform.PlatformName] = gates => new GeeksForGeeksPlatform(gates),
        [CodeChefPlatform.PlatformName] = gates => new CodeChefPlatform(gates),
    };

    private readonly Dictionary<string, ICodingPlatform> _enabled;

    /// <summary>Every platform whose upstream is configured and enabled.</summary>
    public CodingPlatforms(UpstreamGates gates)
        : this(Known.Where(known => gates.Catalog.Find(known.Key) is { Enabled: true }).Select(known => known.Value(gates)))
    {
    }

    /// <summary>These and no others.</summary>
    internal CodingPlatforms(IEnumerable<ICodingPlatform> platforms) =>
        _enabled = platforms.ToDictionary(platform => platform.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The platforms that can be asked now, by name.</summary>
    public IReadOnlyList<ICodingPlatform> All => [.. _enabled.Values.OrderBy(platform => platform.Name, StringComparer.Ordinal)];

    /// <summary>A platform that can be asked now, by its name in any case; null when there is none.</summary>
    public ICodingPlatform? Find(string name) => _enabled.GetValueOrDefault(name);

    /// <summary>Why a platform cannot be asked, in a sentence that says what to do; null when it can.</summary>
    public string? WhyUnavailable(string name)
    {
        if (_enabled.ContainsKey(name))
        {
            return null;
        }

        var lower = name.ToLowerInvariant();
        return Known.ContainsKey(lower)
            ? $"The platform '{lower}' is switched off. Set Upstreams:{lower}:Enabled to true to fetch its profiles."
            : $"There is no platform '{ProfileText.Clean(name, 40)}'. Known are: {string.Join(", ", _enabled.Keys.Order(StringComparer.Ordinal))}.";
    }

    /// <summary>Why a profile cannot be fetched (platform unknown or off, handle impossible); null when it can.</summary>
    public string? WhyInvalid(string platform, string handle) => WhyUnavailable(platform) ?? Find(platform)!.WhyInvalid(handle);

    /// <summary>Gives back who waits for a shared call.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var platform in _enabled.Values)
        {
            if (platform is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync();
            }
        }
    }
}
