namespace OrleansBulk.Simulator.Worlds;

/// <summary>
/// Every account there is, as a pure function of seed, platform, handle (without case) and revision: a test that makes the same world
/// knows each answer before it asks. Any handle of valid spelling exists unless <see cref="HandleRules"/> says otherwise.
/// </summary>
/// <param name="seed">Another seed is another population.</param>
/// <param name="revision">0 or more. From each revision to the next a share of the accounts changes; the others stay equal in every field.</param>
/// <param name="changedPerRevision">That share, 0 to 1.</param>
public sealed class ProfileWorld(long seed, int revision = 0, double changedPerRevision = 1)
{
    public long Seed => seed;

    public int Revision => revision;

    public double ChangedPerRevision => changedPerRevision;

    /// <summary>The same world at another time.</summary>
    public ProfileWorld At(int otherRevision) => new(seed, otherRevision, changedPerRevision);

    public static bool Exists(string platform, string handle) => HandleRules.IsValid(platform, handle) && !HandleRules.IsMissing(handle);

    /// <summary>How often this account changed since revision 0.</summary>
    public int ChangesOf(string platform, string handle)
    {
        if (changedPerRevision >= 1) return revision;
        var changes = 0;
        for (var step = 1; step <= revision; step++)
            if (Draw.For(seed, platform + "/revision", handle, step).Chance(changedPerRevision)) changes++;
        return changes;
    }

    /// <summary>Whether an answer of this world differs from the one which the world at <paramref name="olderRevision"/> gave.</summary>
    public bool ChangedSince(string platform, string handle, int olderRevision) => ChangesOf(platform, handle) != At(olderRevision).ChangesOf(platform, handle);

    /// <summary>The spelling an upstream answers with: lower case, but for one handle in four with a capital first letter.</summary>
    public string CanonicalHandle(string platform, string handle)
    {
        var lower = handle.ToLowerInvariant();
        return lower.Length > 0 && Draw.For(seed, platform + "/spelling", handle).Chance(0.25) ? char.ToUpperInvariant(lower[0]) + lower[1..] : lower;
    }

    /// <summary>Null when there is no such account. An old name answers as the account of today, unless <paramref name="checkHistoricHandles"/> is off.</summary>
    public CodeforcesProfile? Codeforces(string handle, bool checkHistoricHandles = true)
    {
        if (HandleRules.NewName(handle) is { } newName)
        {
            if (!checkHistoricHandles) return null;
            handle = newName;
        }
        return Find(Platforms.Codeforces, handle, CodeforcesProfile.From);
    }

    public LeetCodeProfile? LeetCode(string handle) => Find(Platforms.LeetCode, handle, LeetCodeProfile.From);

    public AtCoderProfile? AtCoder(string handle) => Find(Platforms.AtCoder, handle, AtCoderProfile.From);

    public CodeChefProfile? CodeChef(string handle) => Find(Platforms.CodeChef, handle, CodeChefProfile.From);

    public HackerRankProfile? HackerRank(string handle) => Find(Platforms.HackerRank, handle, HackerRankProfile.From);

    public GeeksforGeeksProfile? GeeksforGeeks(string handle) => Find(Platforms.GeeksforGeeks, handle, GeeksforGeeksProfile.From);

    public GitHubProfile? GitHub(string handle) => Find(Platforms.GitHub, handle, GitHubProfile.From);

    private T? Find<T>(string platform, string handle, Func<long, string, string, int, T> from) where T : class =>
        Exists(platform, handle) ? from(seed, handle, CanonicalHandle(platform, handle), ChangesOf(platform, handle)) : null;
}
