using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class ProfileWorldTests
{
    private static readonly IReadOnlyList<string> Handles = [.. Enumerable.Range(0, 2000).Select(i => $"user-{i}")];

    [Fact]
    public void Data_FollowsFromSeedAndHandleWithoutCase()
    {
        Assert.Equivalent(new ProfileWorld(7).Codeforces("Ada"), new ProfileWorld(7).Codeforces("aDA"), strict: true);
        Assert.NotEqual(new ProfileWorld(7).GitHub("ada"), new ProfileWorld(8).GitHub("ada"));
        Assert.NotEqual(new ProfileWorld(7).GitHub("ada"), new ProfileWorld(7).GitHub("bo"));
    }

    [Fact]
    public void Data_StaysTheSameFromReleaseToRelease()
    {
        // Stored answers of demos and benchmarks rest on these numbers: a change of the drawing has to be meant.
        var world = new ProfileWorld(1);
        Assert.Equal((1140, 1363), (world.Codeforces("tourist")!.Rating, world.Codeforces("tourist")!.MaxRating));
        Assert.Equal((9413221, 2231), (world.GitHub("octo")!.Id, world.GitHub("octo")!.Followers));
    }

    [Theory]
    [InlineData("missing-12")]
    [InlineData("missing_12")]
    [InlineData("MISSING")]
    [InlineData("spaced out")]
    [InlineData("")]
    public void MissingAndImpossibleHandles_DoNotExistAnywhere(string handle)
    {
        var world = new ProfileWorld(1);
        Assert.Null(world.Codeforces(handle));
        Assert.Null(world.LeetCode(handle));
        Assert.Null(world.AtCoder(handle));
        Assert.Null(world.CodeChef(handle));
        Assert.Null(world.HackerRank(handle));
        Assert.Null(world.GeeksforGeeks(handle));
        Assert.Null(world.GitHub(handle));
    }

    [Fact]
    public void Unrated_HaveNoContestsOnAnyPlatform()
    {
        var world = new ProfileWorld(1, revision: 3);
        Assert.Null(world.Codeforces("unrated_bo")!.Rating);
        Assert.Null(world.LeetCode("unrated_bo")!.ContestRating);
        Assert.Empty(world.AtCoder("unrated_bo")!.Contests);
        Assert.Equal(0, world.CodeChef("unrated_bo")!.Rating);
    }

    [Fact]
    public void Revision_OnlyAddsToWhatWas()
    {
        var (before, after) = (new ProfileWorld(1).Codeforces("ada")!, new ProfileWorld(1, revision: 2).Codeforces("ada")!);
        Assert.Equal(before.Contests, after.Contests.Take(before.Contests.Count));
        Assert.Equal(before.Contests.Count + 2, after.Contests.Count);
        Assert.True(after.Solved > before.Solved);
        Assert.True(after.LastOnline > before.LastOnline);
    }

    [Fact]
    public void Revision_ChangesEveryAnswerOfAChangedAccountAndNoneOfAnother()
    {
        var before = new ProfileWorld(1, revision: 4, changedPerRevision: 0.3);
        var after = before.At(5);
        foreach (var handle in Handles.Take(300))
        {
            Assert.Equal(after.ChangedSince(Platforms.GitHub, handle, 4), before.GitHub(handle) != after.GitHub(handle));
            Assert.Equal(after.ChangedSince(Platforms.Codeforces, handle, 4), before.Codeforces(handle)!.Contests.Count != after.Codeforces(handle)!.Contests.Count);
            Assert.Equal(after.ChangedSince(Platforms.GeeksforGeeks, handle, 4), before.GeeksforGeeks(handle) != after.GeeksforGeeks(handle));
        }
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(0)]
    public void ChangedPerRevision_IsTheShareOfAccountsThatChange(double share)
    {
        var world = new ProfileWorld(1, revision: 1, share);
        var changed = Handles.Count(handle => world.ChangedSince(Platforms.LeetCode, handle, 0));
        Assert.InRange(changed / (double)Handles.Count, share - 0.04, share + 0.04);
    }

    [Fact]
    public void EachRevision_ChangesOtherAccounts()
    {
        var world = new ProfileWorld(1, revision: 2, changedPerRevision: 0.5);
        // Half of the accounts change in each of two revisions: a quarter never, half once, a quarter twice.
        var changes = Handles.CountBy(handle => world.ChangesOf(Platforms.LeetCode, handle)).ToDictionary();
        Assert.InRange(changes[0] / (double)Handles.Count, 0.21, 0.29);
        Assert.InRange(changes[1] / (double)Handles.Count, 0.45, 0.55);
        Assert.InRange(changes[2] / (double)Handles.Count, 0.21, 0.29);
    }

    [Fact]
    public void Spelling_HasACapitalForSomeHandlesOnly()
    {
        var world = new ProfileWorld(1);
        var capital = Handles.Count(handle => char.IsUpper(world.CanonicalHandle(Platforms.Codeforces, handle)[0]));
        Assert.InRange(capital, Handles.Count / 5, Handles.Count / 3);
        Assert.All(Handles, handle => Assert.Equal(handle, world.CanonicalHandle(Platforms.Codeforces, handle.ToUpperInvariant()), ignoreCase: true));
    }

    [Fact]
    public void Ratings_CoverTheRanks()
    {
        var world = new ProfileWorld(1);
        var ranks = Handles.Select(handle => world.Codeforces(handle)!.Rank).ToHashSet();
        Assert.Contains("newbie", ranks);
        Assert.Contains("grandmaster", ranks);
        Assert.Equal("legendary grandmaster", CodeforcesProfile.RankOf(3000));
        Assert.Equal("pupil", CodeforcesProfile.RankOf(1200));
        Assert.Equal("newbie", CodeforcesProfile.RankOf(1199));
    }
}
