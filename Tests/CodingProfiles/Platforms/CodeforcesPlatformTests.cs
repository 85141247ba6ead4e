using System.Text.Json;
using System.Text.Json.Nodes;
using System.Web;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.CodingProfiles.Platforms;

public sealed class CodeforcesPlatformTests
{
    [Fact]
    public async Task Batch_IsOnePost_AndAnswersGoByPosition()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.Answers(Ok(User("ada_s"), User("Bo"), User("cem")));

        var results = await harness.FetchAllAsync("ada_s", "Bo2", "cem");

        Assert.Equal(["ada_s", "Bo", "cem"], results.Select(result => PlatformHarness.Profile(result).Handle));
        var call = Assert.Single(harness.Upstream.Seen);
        Assert.Equal(("POST", "/base/api/user.info"), (call.Method, call.Path));
        Assert.Equal("application/x-www-form-urlencoded", call.Header("Content-Type"));
        Assert.Equal("ada_s;Bo2;cem", HttpUtility.ParseQueryString(call.Body)["handles"]);
        Assert.Equal([1, 0, 0], results.Select(result => result.Cost.Calls));
        Assert.Equal([0, 1, 1], results.Select(result => result.Cost.Avoided));
    }

    [Fact]
    public async Task EveryField_FindsItsPlace()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"status":"OK","result":[{"lastName":"Sample","country":"Belarus","lastOnlineTimeSeconds":1789449026,"city":"Gomel","rating":3301,"friendOfCount":90802,
            "titlePhoto":"//userpic.codeforces.org/422/title/50a270ed4a722867.jpg","handle":"sample","avatar":"https://userpic.codeforces.org/422/avatar/2b5dbe87f0d859a2.jpg",
            "firstName":"Alex","contribution":-12,"organization":"","rank":"legendary grandmaster","maxRating":4009,"registrationTimeSeconds":1265987288,"maxRank":"sample"}]}
            """));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal((3301, 4009, "legendary grandmaster", "Belarus"), (profile.Rating, profile.MaxRating, profile.Rank, profile.Country));
        Assert.Equal("https://userpic.codeforces.org/422/title/50a270ed4a722867.jpg", profile.Avatar);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1789449026), profile.LastActiveAt);
        Assert.Equal(harness.Time.GetUtcNow(), profile.FetchedAt);
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal(("Alex", "Sample", "Gomel", "sample"), ((string?)details["firstName"], (string?)details["lastName"], (string?)details["city"], (string?)details["maxRank"]));
        Assert.Equal(-12, (int?)details["contribution"]);
        Assert.Null(details["organization"]);
    }

    [Fact]
    public async Task UnratedUser_HasNoRating_NotZero()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"status":"OK","result":[{"handle":"newcomer","contribution":0,"lastOnlineTimeSeconds":1789449026,"registrationTimeSeconds":1789449000,"friendOfCount":0,"avatar":"https://userpic.codeforces.org/no-avatar.jpg","titlePhoto":"https://userpic.codeforces.org/no-title.jpg"}]}
            """));

        var profile = await harness.ProfileAsync("newcomer");

        Assert.Null(profile.Rating);
        Assert.Null(profile.MaxRating);
        Assert.Null(profile.Rank);
        Assert.Null(profile.Country);
    }

    [Fact]
    public async Task RenamedAccount_AnswersUnderItsNewName()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(Ok(User("new_name"), User("other")));

        var results = await harness.FetchAllAsync("old_name", "other");

        Assert.Equal("new_name", PlatformHarness.Profile(results[0]).Handle);
    }

    [Fact]
    public async Task BothNamesOfARenamedAccount_AreAnswered()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(Ok(User("new_name"), User("new_name")));

        var results = await harness.FetchAllAsync("old_name", "new_name");

        Assert.All(results, result => Assert.Equal("new_name", PlatformHarness.Profile(result).Handle));
    }

    [Fact]
    public async Task UnknownHandle_IsTakenOut_AndTheRestAskedAgain()
    {
        await using var harness = await StartAsync(batch: 4);
        harness.Upstream.AnswersBy(Judge(known: handle => !handle.StartsWith("Nobody", StringComparison.Ordinal), namesInLowerCase: true));

        var results = await harness.FetchAllAsync("ada_s", "Nobody1", "cem", "Nobody2");

        Assert.Equal(["ada_s", "cem"], new[] { results[0], results[2] }.Select(result => PlatformHarness.Profile(result).Handle));
        foreach (var missing in new[] { results[1], results[3] }.Select(Assert.IsType<CallMissing>))
        {
            Assert.Equal("codeforces: handle not found", missing.Cause);
            Assert.Contains("not found", missing.Message, StringComparison.Ordinal);
        }

        Assert.Equal(3, harness.Upstream.Seen.Count);
        Assert.Equal(3, results.Sum(result => result.Cost.Calls));
        Assert.Equal(0, results.Sum(result => result.Cost.Retries));
    }

    [Fact]
    public async Task OnlyUnknownHandles_EndWithoutAFurtherCall()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.AnswersBy(Judge(known: _ => false));

        var results = await harness.FetchAllAsync("nobody1", "nobody2");

        Assert.All(results, result => Assert.IsType<CallMissing>(result));
        Assert.Equal(2, harness.Upstream.Seen.Count);
    }

    [Fact]
    public async Task FailureThatNamesNobody_IsSplitUntilItIsFound()
    {
        await using var harness = await StartAsync(batch: 8);
        harness.Upstream.AnswersBy(call => Asked(call).Contains("odd_one")
            ? ScriptedAnswer.Json("""{"status":"FAILED","comment":"handles: Field is invalid"}""", 400)
            : Ok([.. Asked(call).Select(User)]));

        var results = await harness.FetchAllAsync("h01", "h02", "h03", "odd_one", "h05", "h06", "h07", "h08");

        Assert.Equal("codeforces: handle not valid", Assert.IsType<CallMissing>(results[3]).Cause);
        Assert.Equal(["h01", "h02", "h03", "h05", "h06", "h07", "h08"], results.OfType<CallAnswered<PlatformAnswer>>().Select(result => PlatformHarness.Profile(result).Handle));
        Assert.Equal(7, harness.Upstream.Seen.Count);
    }

    [Fact]
    public async Task HandleInTwoCases_IsAskedForOnce()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(Ok(User("Sample")));

        var results = await harness.FetchAllAsync("sample", "SAMPLE");

        Assert.All(results, result => Assert.Equal("Sample", PlatformHarness.Profile(result).Handle));
        Assert.Equal("sample", Asked(harness.Upstream.Seen[0]).Single());
    }

    [Fact]
    public async Task ManyLongHandles_GoInCallsWhoseBodyIsAccepted()
    {
        await using var harness = await StartAsync(batch: 5000);
        harness.Upstream.AnswersBy(call => Ok([.. Asked(call).Select(User)]));
        var handles = Enumerable.Range(0, 5000).Select(number => $"handle_of_24_chars_{number:00000}").ToArray();

        var results = await harness.FetchAllAsync(handles);

        Assert.Equal(handles, results.Select(result => PlatformHarness.Profile(result).Handle));
        Assert.Equal(3, harness.Upstream.Seen.Count);
        Assert.All(harness.Upstream.Seen, call => Assert.InRange(call.Body.Length, 1, 65_536));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    [InlineData(429)]
    [InlineData(503)]
    public async Task CallLimitExceeded_IsThrottling_WhateverTheStatus(int status)
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"status":"FAILED","comment":"Call limit exceeded"}""", status));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.Equal(0, deferred.Attempts);
        Assert.Equal(1, harness.Gate.Throttled);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(503)]
    public async Task PageFromTheShield_ParksForAMinuteAtLeast(int status)
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Html(ScriptedAnswer.NginxPage, status));

        var deferred = Assert.IsType<CallDeferred>(await harness.FetchAsync("sample"));

        Assert.True(deferred.After >= TimeSpan.FromSeconds(60), $"{deferred.After}");
        Assert.Equal("open", harness.Gate.Breaker);
    }

    [Fact]
    public async Task WhatIsKnownWhenTheLimitStrikes_IsNotThrownAway()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.Answers(NotFound("nobody"), ScriptedAnswer.Json("""{"status":"FAILED","comment":"Call limit exceeded"}"""));

        var results = await harness.FetchAllAsync("ada_s", "nobody", "cem");

        Assert.IsType<CallMissing>(results[1]);
        Assert.All(new[] { results[0], results[2] }, result => Assert.Equal(0, Assert.IsType<CallDeferred>(result).Attempts));
        Assert.Equal(2, results.Sum(result => result.Cost.Calls));
    }

    [Fact]
    public async Task GateThatHasNoCallInTime_DefersTheRest()
    {
        await using var harness = await PlatformHarness.StartAsync("codeforces", options => options with { Batch = 2, Limits = CallLimit.ParseList("1 per 20s") });
        harness.Upstream.Answers(NotFound("nobody"));

        var results = await harness.FetchAllAsync("ada_s", "nobody"); // each waits 10 s at most, and the next call is 20 s away

        Assert.IsType<CallMissing>(results[1]);
        Assert.IsType<CallDeferred>(results[0]);
        Assert.Single(harness.Upstream.Seen);
    }

    [Fact]
    public async Task WrongNumberOfAnswers_GoesToNobody()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.Answers(Ok(User("ada_s"), User("cem")));

        var results = await harness.FetchAllAsync("ada_s", "bo_s", "cem");

        Assert.All(results, result => Assert.Equal("codeforces: answer has changed shape", Assert.IsType<CallGarbled>(result).Cause));
    }

    [Fact]
    public async Task AnswersInAnotherOrder_GoToNobody()
    {
        await using var harness = await StartAsync(batch: 3);
        harness.Upstream.Answers(Ok(User("cem"), User("bo_s"), User("ada_s")));

        var results = await harness.FetchAllAsync("ada_s", "bo_s", "cem");

        Assert.All(results, result => Assert.IsType<CallGarbled>(result));
    }

    [Fact]
    public async Task RepeatedAnswer_IsNotTakenForARename()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(Ok(User("ada_s")), Ok(User("ada_s")), Ok(User("cem")));
        await harness.ProfileAsync("ada_s");

        var repeated = await harness.FetchAsync("cem");

        Assert.Equal("codeforces: answer about another", Assert.IsType<CallGarbled>(repeated).Cause);
        Assert.Equal("cem", (await harness.ProfileAsync("cem")).Handle);
    }

    [Fact]
    public async Task OldNameRightAfterTheNewOne_IsAcceptedWhenAskedAgain()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(Ok(User("new_name")));
        await harness.ProfileAsync("new_name");

        Assert.IsType<CallGarbled>(await harness.FetchAsync("old_name"));

        Assert.Equal("new_name", (await harness.ProfileAsync("old_name")).Handle);
    }

    [Fact]
    public async Task MissingField_SpoilsTheCall()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"status":"OK","result":[{"name":"sample"}]}"""));

        var garbled = Assert.IsType<CallGarbled>(await harness.FetchAsync("sample"));

        Assert.Contains("'handle'", garbled.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NumbersAsText_AreRead()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"status":"OK","result":[{"handle":"sample","rating":"1834","lastOnlineTimeSeconds":"1789449026","firstName":42}]}"""));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal(1834, profile.Rating);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1789449026), profile.LastActiveAt);
        Assert.Equal("42", (string?)JsonNode.Parse(profile.Details)!["firstName"]);
    }

    [Fact]
    public async Task TextThatNoDatabaseTakes_IsCleaned()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"status":"OK","result":[{"handle":"sample","country":"a\u0000b\u001fc","firstName":"\ud83d broken","lastName":"\ud83d\ude00 whole","city":"LONG","titlePhoto":"javascript:alert(1)"}]}
            """.Replace("LONG", new string('x', 100_000), StringComparison.Ordinal)));

        var profile = await harness.ProfileAsync("sample");

        Assert.Equal("a b c", profile.Country);
        Assert.Null(profile.Avatar);
        Assert.DoesNotContain("\\u0000", profile.Details, StringComparison.OrdinalIgnoreCase);
        var details = JsonNode.Parse(profile.Details)!;
        Assert.Equal("\ufffd broken", (string?)details["firstName"]);
        Assert.Equal("\U0001F600 whole", (string?)details["lastName"]);
        Assert.Equal(200, ((string?)details["city"])!.Length);
    }

    [Fact]
    public async Task RefusedKey_IsNoMissingHandle()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"status":"FAILED","comment":"apiKey: Incorrect API key"}""", 400));

        Assert.Contains("Upstreams:codeforces:Token", Assert.IsType<CallRefused>(await harness.FetchAsync("sample")).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownComplaint_StopsWithItsWords()
    {
        await using var harness = await StartAsync(batch: 2);
        harness.Upstream.Answers(ScriptedAnswer.Json("""{"status":"FAILED","comment":"handles: Too many handles, at most 1 are allowed"}""", 400));

        var results = await harness.FetchAllAsync("ada_s", "bo_s");

        Assert.All(results, result => Assert.Contains("Too many handles", Assert.IsType<CallGarbled>(result).Message, StringComparison.Ordinal));
        Assert.Single(harness.Upstream.Seen);
    }

    [Theory]
    [InlineData("ab", "3 to 24")]
    [InlineData("a_handle_that_is_too_long", "3 to 24")]
    [InlineData("not allowed", "U+0020")]
    [InlineData("né", "3 to 24")]
    [InlineData("näh", "'ä'")]
    public async Task ImpossibleHandle_IsToldWithoutACall(string handle, string reason)
    {
        await using var harness = await StartAsync();

        Assert.Contains(reason, harness.Platform.WhyInvalid(handle), StringComparison.Ordinal);
        Assert.IsType<CallMissing>(await harness.FetchAsync(handle));
        Assert.Empty(harness.Upstream.Seen);
    }

    [Fact]
    public async Task History_IsOldestFirst()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(ScriptedAnswer.Json("""
            {"status":"OK","result":[{"contestId":8,"contestName":"Sample Round 8","handle":"sample","rank":5,"ratingUpdateTimeSeconds":1270748700,"oldRating":1602,"newRating":1764},
            {"contestId":2,"contestName":"Sample Round 2","handle":"sample","rank":14,"ratingUpdateTimeSeconds":1267124400,"oldRating":0,"newRating":1602}]}
            """));

        var history = await harness.HistoryAsync("sample");

        Assert.Equal(new RatingPoint(DateTimeOffset.FromUnixTimeSeconds(1267124400), "Sample Round 2", 14, 0, 1602), history.Points[0]);
        Assert.Equal(1764, history.Points[1].NewRating);
        Assert.Equal("?handle=sample", harness.Upstream.Seen[0].Query);
    }

    [Fact]
    public async Task HistoryOfTheUnrated_IsEmpty_AndOfTheUnknownMissing()
    {
        await using var harness = await StartAsync();
        harness.Upstream.Answers(
            ScriptedAnswer.Json("""{"status":"OK","result":[]}"""),
            ScriptedAnswer.Json("""{"status":"FAILED","comment":"handle: User with handle nobody not found"}""", 400));

        Assert.Empty((await harness.HistoryAsync("sample")).Points);
        var missing = await harness.Platform.FetchRatingHistoryAsync("nobody", CallBudget.Interactive, CancellationToken.None);

        Assert.Equal("codeforces: handle not found", Assert.IsType<CallMissing>(missing).Cause);
    }

    [Fact]
    public async Task Person_GoesBeforeTheJobsCallThatWaits()
    {
        await using var harness = await PlatformHarness.StartAsync("codeforces", options => options with { Batch = 2, Concurrency = 1, Limits = CallLimit.ParseList("1 per 2s") });
        harness.Upstream.AnswersBy(call => Ok([.. Asked(call).Select(User)]));
        await harness.FetchAllAsync("job_1", "job_2");
        var job = harness.FetchAllAsync("job_3", "job_4");
        await harness.WaitingAsync(1);
        var person = harness.Platform.FetchAsync("person", null, CallBudget.Interactive, CancellationToken.None);
        harness.Time.Advance(TimeSpan.FromMilliseconds(50)); // it lingers for other persons
        await harness.WaitingAsync(2);

        harness.Time.Advance(TimeSpan.FromSeconds(2.1));
        await person;

        Assert.Equal(["person"], Asked(harness.Upstream.Seen[1]));
        harness.Time.Advance(TimeSpan.FromSeconds(2.1));
        await job;
    }

    [Fact]
    public async Task ProfilesPerCall_IsTheConfiguredBatch()
    {
        await using var harness = await StartAsync(batch: 700);

        Assert.Equal(700, harness.Platform.ProfilesPerCall);
    }

    private static Task<PlatformHarness> StartAsync(int batch = 1) => PlatformHarness.StartAsync("codeforces", options => options with { Batch = batch, Concurrency = 1 });

    private static string[] Asked(SeenCall call) => HttpUtility.ParseQueryString(call.Body)["handles"]!.Split(';');

    private static JsonObject User(string handle) => new()
    {
        ["handle"] = handle, ["rating"] = 1500, ["maxRating"] = 1600, ["rank"] = "specialist", ["maxRank"] = "expert", ["lastOnlineTimeSeconds"] = 1789449026, ["contribution"] = 0,
    };

    private static ScriptedAnswer Ok(params JsonObject[] users) =>
        ScriptedAnswer.Json(new JsonObject { ["status"] = "OK", ["result"] = new JsonArray([.. users]) }.ToJsonString());

    private static ScriptedAnswer NotFound(string handle) =>
        ScriptedAnswer.Json(JsonSerializer.Serialize(new { status = "FAILED", comment = $"handles: User with handle {handle} not found" }), 400);

    /// <summary>As Codeforces does it: one answer per handle, or the first unknown one fails the call.</summary>
    private static Func<SeenCall, ScriptedAnswer> Judge(Func<string, bool> known, bool namesInLowerCase = false) => call =>
    {
        var unknown = Array.Find(Asked(call), handle => !known(handle));
        return unknown is null ? Ok([.. Asked(call).Select(User)]) : NotFound(namesInLowerCase ? unknown.ToLowerInvariant() : unknown);
    };
}
