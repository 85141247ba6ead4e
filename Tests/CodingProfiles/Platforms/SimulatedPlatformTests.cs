using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Simulator;
using OrleansBulk.Simulator.Worlds;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

/// <summary>Every adapter as a first run has it, over HTTP against the simulator: its data, its limits and its faults.</summary>
public sealed class SimulatedPlatformTests
{
    /// <summary>Platform, and whether it is asked with a token.</summary>
    public static TheoryData<string, bool> All => new()
    {
        { "codeforces", false },
        { "leetcode", false },
        { "atcoder", false },
        { "github", false },
        { "github", true },
        { "hackerrank", false },
        { "geeksforgeeks", false },
        { "codechef", false },
    };

    [Theory]
    [MemberData(nameof(All))]
    public async Task Profile_IsWhatTheUpstreamKeeps(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token);

        var profile = Assert.IsType<PlatformProfile>(Assert.IsType<CallAnswered<PlatformAnswer>>(await simulated.FetchAsync("Some1")).Value).Profile;

        Assert.Equal(Kept(simulated.World, platform, "some1"), Told(profile, platform));
        Assert.Equal("some1", profile.Handle, ignoreCase: true);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task UnknownHandle_IsMissing_AndCostsNoRetry(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token);

        var missing = Assert.IsType<CallMissing>(await simulated.FetchAsync("missing1"));

        Assert.StartsWith($"{platform}: ", missing.Cause, StringComparison.Ordinal);
        Assert.Equal(1, missing.Attempts);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task AccountWithoutContests_HasNoRating_NotZero(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token);

        Assert.Null(Assert.IsType<PlatformProfile>(Assert.IsType<CallAnswered<PlatformAnswer>>(await simulated.FetchAsync("unrated1")).Value).Profile.Rating);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ManyAtOnce_EachGetsItsOwn(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token);
        var handles = Enumerable.Range(0, 40).Select(i => i % 10 == 3 ? $"missing{i}" : $"one{i}").ToArray();

        var results = await Task.WhenAll(handles.Select(handle => simulated.FetchAsync(handle)));

        Assert.All(handles.Zip(results), one =>
        {
            if (one.First.StartsWith("missing", StringComparison.Ordinal))
            {
                Assert.IsType<CallMissing>(one.Second);
                return;
            }

            var profile = Assert.IsType<PlatformProfile>(Assert.IsType<CallAnswered<PlatformAnswer>>(one.Second).Value).Profile;
            Assert.Equal(Kept(simulated.World, platform, one.First), Told(profile, platform));
        });
    }

    /// <summary>What the upstream does, and what an ask makes of it.</summary>
    public static TheoryData<string, Type> Faults => new()
    {
        { """{"kind":"status","status":500}""", typeof(CallTroubled) },
        { """{"kind":"status","status":502}""", typeof(CallTroubled) },
        { """{"kind":"status","status":504}""", typeof(CallTroubled) },
        { """{"kind":"disconnect"}""", typeof(CallTroubled) },
        { """{"kind":"cutBody"}""", typeof(CallTroubled) },
        { """{"kind":"hang"}""", typeof(CallTroubled) },
        { """{"kind":"status","status":403}""", typeof(CallDeferred) },
        { """{"kind":"status","status":429,"retryAfter":{"seconds":3}}""", typeof(CallDeferred) },
        { """{"kind":"status","status":429,"retryAfter":{"seconds":3,"form":"date"}}""", typeof(CallDeferred) },
        { """{"kind":"overLimit"}""", typeof(CallDeferred) },
        { """{"kind":"overLimit","status":429}""", typeof(CallDeferred) },
        { """{"kind":"slowBody","durationMs":200}""", typeof(CallAnswered<PlatformAnswer>) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Fault_IsTheSameKindOfNews_FromEveryPlatform(string fault, Type expected)
    {
        foreach (var (platform, token) in All.Select(row => ((string)row[0], (bool)row[1])))
        {
            await using var simulated = await Simulated.StartAsync(platform, token, fault);

            var result = await simulated.FetchAsync("some1");

            Assert.True(expected == result.GetType(), $"{platform}{(token ? " with a token" : "")}: {result}");
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Overload_IsLeftAloneForAsLongAsItSays(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token, """{"kind":"status","status":503,"retryAfter":{"seconds":60}}""");
        var first = await simulated.FetchAsync("some1");
        var calls = simulated.Simulator.Journal(platform).Calls;

        var second = Assert.IsType<CallDeferred>(await simulated.FetchAsync("some2", waitSeconds: 1));

        Assert.True(first is CallTroubled or CallDeferred, $"{first}"); // Codeforces' page for too many calls looks the same
        Assert.InRange(second.After, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(61));
        Assert.Equal(calls, simulated.Simulator.Journal(platform).Calls);
    }

    [Theory]
    [InlineData("""{"kind":"html"}""")]
    [InlineData("""{"kind":"emptyBody"}""")]
    public async Task AnswerThatIsNone_IsNeverData_NorAMissingUser(string fault)
    {
        foreach (var (platform, token) in All.Select(row => ((string)row[0], (bool)row[1])))
        {
            await using var simulated = await Simulated.StartAsync(platform, token, fault);

            var result = await simulated.FetchAsync("some1");

            Assert.True(result is CallTroubled or CallGarbled, $"{platform}{(token ? " with a token" : "")}: {result}");
        }
    }

    [Theory]
    [InlineData("codeforces", false)]
    [InlineData("leetcode", false)]
    [InlineData("github", false)]
    [InlineData("github", true)]
    [InlineData("hackerrank", false)]
    [InlineData("codechef", false)]
    public async Task AnswerAboutSomebodyElse_IsNeverData(string platform, bool token)
    {
        await using var simulated = await Simulated.StartAsync(platform, token, """{"kind":"repeated","handlePrefix":"second"}""");
        Assert.IsType<CallAnswered<PlatformAnswer>>(await simulated.FetchAsync("first1"));

        var result = await simulated.FetchAsync("second2");

        Assert.True(result is CallTroubled or CallGarbled, $"{result}");
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task OwnLimits_KeepToWhatTheUpstreamAllows(string platform, bool token)
    {
        // The limits of the catalog against those of the simulator, both as they come; a deadline of seconds, since Codeforces answers once in two.
        await using var simulated = await Simulated.StartAsync(platform, token, plain: false);

        await Task.WhenAll(Enumerable.Range(0, 3).Select(i => simulated.FetchAsync($"one{i}", waitSeconds: 4)));

        Assert.Equal(0, simulated.Simulator.Journal(platform).Refused.Total);
        Assert.Equal(0, simulated.Simulator.Journal(platform).Aborted);
    }

    private static (int? Rating, int? MaxRating, int? Solved) Kept(ProfileWorld world, string platform, string handle)
    {
        switch (platform)
        {
            case "codeforces":
                var codeforces = world.Codeforces(handle)!;
                return (codeforces.Rating, codeforces.MaxRating, null);
            case "leetcode":
                var leetCode = world.LeetCode(handle)!;
                return (leetCode.ContestRating is { } rating ? (int)Math.Round(rating, MidpointRounding.AwayFromZero) : null, null, leetCode.TotalSolved);
            case "atcoder":
                var atCoder = world.AtCoder(handle)!;
                return (atCoder.Rating, atCoder.Contests.Count == 0 ? null : atCoder.Contests.Max(contest => contest.NewRating), atCoder.AcceptedCount);
            case "codechef":
                var codeChef = world.CodeChef(handle)!;
                return (codeChef.Rating, codeChef.HighestRating, codeChef.Solved);
            case "hackerrank":
                return (null, null, world.HackerRank(handle)!.Badges.Sum(badge => badge.Solved));
            case "geeksforgeeks":
                return (null, null, world.GeeksforGeeks(handle)!.TotalSolved);
            default:
                return (null, null, world.GitHub(handle)!.PublicRepositories);
        }
    }

    private static (int? Rating, int? MaxRating, int? Solved) Told(ProfileSnapshot profile, string platform) => platform switch
    {
        "codeforces" => (profile.Rating, profile.MaxRating, null),
        "leetcode" => (profile.Rating, null, profile.SolvedTotal),
        "hackerrank" or "geeksforgeeks" => (null, null, profile.SolvedTotal),
        "github" => (null, null, (int?)JsonNode.Parse(profile.Details)!["repositories"]),
        _ => (profile.Rating, profile.MaxRating, profile.SolvedTotal),
    };

    private sealed class Simulated : IAsyncDisposable
    {
        private readonly ICodingPlatform _platform;
        private readonly UpstreamGates _gates;

        private Simulated(RunningSimulator simulator, string platform, bool token, string? fault, bool plain)
        {
            Simulator = simulator;
            var settings = new Dictionary<string, string?>
            {
                ["Upstreams:SimulatorUrl"] = simulator.Address.ToString(),
                [$"Upstreams:{platform}:Enabled"] = "true",
                [$"Upstreams:{platform}:Token"] = token ? "a-token" : null,
                [$"Upstreams:{platform}:Attempts"] = "1",
            };
            if (plain)
            {
                settings[$"Upstreams:{platform}:Limits"] = "none";
                settings[$"Upstreams:{platform}:Timeout"] = fault?.Contains("hang", StringComparison.Ordinal) == true ? "00:00:01" : null;
            }

            var catalog = UpstreamCatalog.FromConfiguration(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
            _gates = UpstreamTests.Gates(TimeProvider.System, [.. catalog.All]);
            _platform = new CodingPlatforms(_gates).Find(platform) ?? throw new InvalidOperationException($"There is no platform '{platform}'.");
        }

        public RunningSimulator Simulator { get; }

        public ProfileWorld World => Simulator.World;

        /// <param name="plain">Without latency and limits, so that nothing but the fault happens.</param>
        public static async Task<Simulated> StartAsync(string platform, bool token, string? fault = null, bool plain = true) =>
            new(await RunningSimulator.StartAsync(plain ? Scenario(platform, fault) : "{}"), platform, token, fault, plain);

        public static string Scenario(string platform, string? fault) =>
            "{\"upstreams\":{\"" + platform + "\":{\"latency\":null,\"limit\":null,\"faults\":[" + fault + "]}}}";

        public Task<CallResult> FetchAsync(string handle, double waitSeconds = 5) =>
            _platform.FetchAsync(handle, null, UpstreamTests.Budget(waitSeconds), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        public async ValueTask DisposeAsync()
        {
            await _gates.DisposeAsync();
            await Simulator.DisposeAsync();
        }
    }
}
