using Microsoft.Extensions.Configuration;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class CodingPlatformsTests
{
    [Fact]
    public async Task Defaults_HaveSixPlatforms_AndCodeChefOff()
    {
        await using var gates = Gates();
        await using var platforms = new CodingPlatforms(gates);

        Assert.Equal(["atcoder", "codeforces", "geeksforgeeks", "github", "hackerrank", "leetcode"], platforms.All.Select(platform => platform.Name));
        Assert.Null(platforms.Find("codechef"));
        Assert.Equal(1000, platforms.Find("codeforces")!.ProfilesPerCall);
    }

    [Fact]
    public async Task Name_IsFoundInAnyCase()
    {
        await using var gates = Gates();
        await using var platforms = new CodingPlatforms(gates);

        Assert.Equal("leetcode", platforms.Find("LeetCode")!.Name);
        Assert.Null(platforms.WhyUnavailable("LeetCode"));
    }

    [Fact]
    public async Task PlatformThatIsOff_SaysWhichSettingTurnsItOn()
    {
        await using var gates = Gates();
        await using var platforms = new CodingPlatforms(gates);

        Assert.Contains("Upstreams:codechef:Enabled", platforms.WhyUnavailable("CodeChef"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlatformSwitchedOn_CanBeAsked()
    {
        await using var gates = Gates(("Upstreams:codechef:Enabled", "true"), ("Upstreams:github:Enabled", "false"));
        await using var platforms = new CodingPlatforms(gates);

        Assert.NotNull(platforms.Find("codechef"));
        Assert.Null(platforms.Find("github"));
    }

    [Fact]
    public async Task UnknownPlatform_IsToldWhichThereAre()
    {
        await using var gates = Gates();
        await using var platforms = new CodingPlatforms(gates);

        var why = platforms.WhyUnavailable("topcoder\0");

        Assert.Equal("There is no platform 'topcoder'. Known are: atcoder, codeforces, geeksforgeeks, github, hackerrank, leetcode.", why);
    }

    [Fact]
    public async Task Profile_IsCheckedByPlatformAndHandle()
    {
        await using var gates = Gates();
        await using var platforms = new CodingPlatforms(gates);

        Assert.Null(platforms.WhyInvalid("codeforces", "sample"));
        Assert.Contains("3 to 24", platforms.WhyInvalid("codeforces", "x"), StringComparison.Ordinal);
        Assert.Contains("no platform", platforms.WhyInvalid("topcoder", "sample"), StringComparison.Ordinal);
    }

    private static UpstreamGates Gates(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value))).Build();
        return UpstreamTests.Gates(new ManualTime(), [.. UpstreamCatalog.FromConfiguration(configuration).All]);
    }
}
