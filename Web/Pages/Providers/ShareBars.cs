using OrleansBulk.Providers;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>How many providers there are of each kind, as bars beside each other: the longest fills the width.</summary>
/// <param name="About">The counts are estimates.</param>
public sealed record ShareBars(string Title, bool About, IReadOnlyList<ShareBar> Bars)
{
    public const int Length = 1000;
    private const int Least = 4;

    /// <param name="name">What a value is called.</param>
    /// <param name="link">Where its bar leads.</param>
    public static ShareBars Of(string title, bool about, IReadOnlyList<ProviderShare> shares, Func<string, string> name, Func<string, string> link)
    {
        var most = Math.Max(1, shares.Select(share => share.Count).DefaultIfEmpty().Max());
        return new ShareBars(title, about, [.. shares.Select(share => new ShareBar(name(share.Value), share.Count, (int)Math.Max(Least, Length * share.Count / most), link(share.Value)))]);
    }
}

/// <param name="Width">Of <see cref="ShareBars.Length"/>.</param>
public sealed record ShareBar(string Name, long Count, int Width, string Link);
