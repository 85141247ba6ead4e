using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

/// <summary>What every adapter does with answers that no platform defines: one suite, run against each.</summary>
public sealed class PlatformConformanceTests
{
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

    public static IEnumerable<object[]> Json => All.Where(row => (string)row[0] != "codechef");

    [Theory]
    [MemberData(nameof(All))]
    public async Task Challenge_ParksTheUpstream_AndSpendsNoAttempt(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Html(ScriptedAnswer.ChallengePage, 403).With("cf-mitigated", "challenge"));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.True(deferred.After >= TimeSpan.FromSeconds(60), $"{deferred.After} is no time for a block.");
        Assert.Equal(0, deferred.Attempts);
        Assert.Equal("open", harness.Gate.Breaker);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ChallengeWithStatus200_IsAChallenge(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Html(ScriptedAnswer.ChallengePage));

        Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.Equal("open", harness.Gate.Breaker);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task TooManyCalls_PauseForAsLongAsTheySay_AndSpendNoAttempt(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Text("slow down", 429).With("Retry-After", "7"));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.Equal(TimeSpan.FromSeconds(7), deferred.After);
        Assert.Equal(0, deferred.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.IsType<CallDeferred>(await harness.FetchAsync("other", waitSeconds: 1)).After);
        Assert.Single(harness.Upstream.Seen);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ServerError_IsTroubleThatCountsAnAttempt(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{\"message\":\"Internal Server Error\"}", 500));

        var troubled = Assert.IsType<CallTroubled>(await harness.FetchAsync("sample"));

        Assert.Equal($"{platform}: server error 500", troubled.Cause);
        Assert.Equal(1, troubled.Attempts);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task BadGateway_IsTrouble(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Html("<html><body>502 Bad Gateway</body></html>", 502));

        Assert.Equal($"{platform}: server error 502", Assert.IsType<CallTroubled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task ServerErrorWithRetryAfter_PausesTheOthersToo(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{}", 503).With("Retry-After", "40"));
        Assert.IsType<CallTroubled>(await harness.FetchAsync("sample"));

        Assert.Equal(TimeSpan.FromSeconds(40), Assert.IsType<CallDeferred>(await harness.FetchAsync("other")).After);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task EmptyAnswer_IsNoData(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Empty());

        Assert.Equal($"{platform}: empty answer", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task PageForJson_IsNoData(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Html("<html><body>Down for maintenance</body></html>"));

        var garbled = Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));

        Assert.Equal($"{platform}: no JSON in the answer", garbled.Cause);
        Assert.Contains("Down for maintenance", garbled.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task TextThatIsNoJson_CannotBeRead(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{ this is no JSON }"));

        Assert.Equal($"{platform}: answer cannot be read", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task JsonThatJustStops_IsTrouble(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{\"status\":\"OK\",\"data\":{\"name\":\"Sam"));

        Assert.Equal($"{platform}: answer cut off", Assert.IsType<CallTroubled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task BodyThatEndsEarly_IsTrouble(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{\"status\":\"OK\",\"result\":[]}") with { CutAfter = 9 });

        Assert.Equal($"{platform}: answer cut off", Assert.IsType<CallTroubled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task OtherShape_IsNoData(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{\"surprise\":[1,2,3]}"));

        Assert.Equal($"{platform}: answer has changed shape", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(Json))]
    public async Task OtherKindOfJson_IsNoData(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("\"a string\""));

        Assert.Equal($"{platform}: answer has changed shape", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Unauthorized_SaysWhichSettingToLookAt(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{\"message\":\"Bad credentials\"}", 401));

        Assert.Contains($"Upstreams:{platform}:Token", Assert.IsType<CallRefused>(await harness.FetchAsync("sample")).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task UndefinedStatus_IsNoData(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{}", 418));

        Assert.Equal($"{platform}: unexpected HTTP 418", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task EndlessAnswer_IsNotReadToItsEnd(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("[" + new string(' ', 17 << 20) + "]"));

        Assert.Equal($"{platform}: answer too large", Assert.IsType<CallGarbled>(await harness.FetchAsync("sample")).Cause);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task LostConnection_IsTrouble(string platform, bool token)
    {
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Empty() with { Disconnects = true });

        Assert.IsType<CallTroubled>(await harness.FetchAsync("sample"));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task HandleFromOutside_StaysWhereItBelongs(string platform, bool token)
    {
        // Nothing that a handle may contain by the adapter's own rule changes the path, the query or the question.
        await using var harness = await StartAsync(platform, token, ScriptedAnswer.Json("{}"));
        foreach (var handle in new[] { "a/../b", "a?b=c", "a&x=y", "a#b", "a\"){evil}", "a;b", "a b", "a\r\nX-Evil: 1", "", "日本", new string('x', 200) })
        {
            Assert.NotNull(harness.Platform.WhyInvalid(handle));
            Assert.IsType<CallMissing>(await harness.FetchAsync(handle));
        }

        Assert.Empty(harness.Upstream.Seen);
    }

    private static async Task<PlatformHarness> StartAsync(string platform, bool token, ScriptedAnswer answer)
    {
        var harness = await PlatformHarness.StartAsync(platform, options => options with { Token = token ? "sample-token" : null });
        harness.Upstream.Answers(answer);
        return harness;
    }
}
