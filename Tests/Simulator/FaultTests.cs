using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class FaultTests
{
    private const string Path = "/codeforces/api/user.info?handles=ada";

    private static Task<Stage> StartAsync(string faults, TimeProvider? clock = null) => Stage.StartAsync(Faults(faults), clock);

    private static string Faults(string faults) => Stage.Upstream("codeforces", $$""" "faults":[{{faults}}] """);

    private static async Task<List<int>> StatusesAsync(Stage stage, int calls, string path = Path)
    {
        var statuses = new List<int>();
        for (var i = 0; i < calls; i++) statuses.Add((await stage.GetAsync(path)).Status);
        return statuses;
    }

    // --- what ---

    [Theory]
    [InlineData(429, "application/json", "Call limit exceeded")]
    [InlineData(500, "application/json", "Internal Server Error")]
    [InlineData(502, "text/html", "502 Bad Gateway")]
    [InlineData(503, "text/html", "503 Service Temporarily Unavailable")]
    [InlineData(504, "text/html", "504 Gateway Time-out")]
    [InlineData(403, "text/html", "Just a moment...")]
    [InlineData(418, "application/json", "Internal Server Error")]
    public async Task Status_HasTheBodyThatGoesWithIt(int status, string contentType, string body)
    {
        await using var stage = await StartAsync($$"""{"kind":"status","status":{{status}}}""");
        var answer = await stage.GetAsync(Path);
        Assert.Equal((status, contentType), (answer.Status, answer.ContentType));
        Assert.Contains(body, answer.Body, StringComparison.Ordinal);
        Assert.Null(answer.Header("Retry-After"));
    }

    [Theory]
    [InlineData("whole", "2")]
    [InlineData("fraction", "1.5")]
    [InlineData("date", "Mon, 05 Jan 2026 12:00:02 GMT")]
    public async Task Status_MayCarryRetryAfterInEachForm(string form, string expected)
    {
        await using var stage = await StartAsync($$$"""{"kind":"status","status":429,"retryAfter":{"seconds":1.5,"form":"{{{form}}}"}}""", new ManualClock());
        Assert.Equal(expected, (await stage.GetAsync(Path)).Header("Retry-After"));
    }

    [Fact]
    public async Task Challenge_HasTheHeadersOfItsMaker()
    {
        await using var stage = await StartAsync("""{"kind":"status","status":403}""");
        var answer = await stage.GetAsync(Path);
        Assert.Equal(("cloudflare", "challenge"), (answer.Header("Server"), answer.Header("cf-mitigated")));
        Assert.NotNull(answer.Header("CF-RAY"));
    }

    [Fact]
    public async Task OverLimit_SaysItInTheUpstreamsWordsWithAnyOfItsStatuses()
    {
        await using var stage = await StartAsync("""{"kind":"overLimit","status":200,"nextCalls":1},{"kind":"overLimit","status":503,"nextCalls":1},{"kind":"overLimit"}""");
        var (first, second, third) = (await stage.GetAsync(Path), await stage.GetAsync(Path), await stage.GetAsync(Path));
        Assert.Equal((200, "Call limit exceeded"), (first.Status, first.Json.GetProperty("comment").GetString()));
        Assert.Equal((503, 429), (second.Status, third.Status));
    }

    [Fact]
    public async Task Hang_NeverAnswersUntilTheClientLeaves()
    {
        var clock = new ManualClock();
        await using var stage = await StartAsync("""{"kind":"hang","nextCalls":1}""", clock);
        using var leaving = new CancellationTokenSource();
        var hanging = stage.SendAsync(Stage.Request(HttpMethod.Get, Path, null), leaving.Token);
        await Eventually.Async(() => stage.Simulator.Journal("codeforces").InFlight == 1, "the call");
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Equal(200, (await stage.GetAsync(Path)).Status);
        Assert.False(hanging.IsCompleted);

        await leaving.CancelAsync();
        await Eventually.Async(() => stage.Simulator.Journal("codeforces").InFlight == 0, "the end of the call");

        var report = stage.Simulator.Journal("codeforces");
        Assert.Equal((1, 1, 1), (report.Aborted, report.Faults["hang"], report.Answered.Ok2xx));
        Assert.Equal(0, stage.Simulator.Calls().Calls[^1].Status);
    }

    [Fact]
    public async Task Disconnect_ClosesWithoutAnAnswer()
    {
        await using var stage = await StartAsync("""{"kind":"disconnect","nextCalls":1}""");
        await Assert.ThrowsAsync<HttpRequestException>(() => stage.GetAsync(Path));
        Assert.Equal(200, (await stage.GetAsync(Path)).Status);
        Assert.Equal(0, stage.Simulator.Journal("codeforces").InFlight);
    }

    [Fact]
    public async Task CutBody_AnnouncesMoreThanItSends()
    {
        await using var stage = await StartAsync("""{"kind":"cutBody","nextCalls":1}""");
        using var response = await stage.Http.GetAsync(Path, HttpCompletionOption.ResponseHeadersRead);
        var announced = response.Content.Headers.ContentLength!.Value;
        await using var body = await response.Content.ReadAsStreamAsync();
        var received = 0;
        var buffer = new byte[64];
        var thrown = await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (true)
            {
                var read = await body.ReadAsync(buffer);
                Assert.NotEqual(0, read);
                received += read;
            }
        });
        Assert.NotNull(thrown);
        Assert.InRange(received, 0, announced / 2);
        Assert.Equal((await stage.GetAsync(Path)).Body.Length, announced);
        Assert.Equal(1, stage.Simulator.Journal("codeforces").Keys.Answered);
    }

    [Fact]
    public async Task Html_Is200WithAPage()
    {
        await using var stage = await StartAsync("""{"kind":"html"}""");
        var answer = await stage.GetAsync(Path);
        Assert.Equal((200, "text/html"), (answer.Status, answer.ContentType));
        Assert.StartsWith("<!DOCTYPE html>", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task EmptyBody_Is200WithTheRightTypeAndNothing()
    {
        await using var stage = await StartAsync("""{"kind":"emptyBody"}""");
        var answer = await stage.GetAsync(Path);
        Assert.Equal((200, "application/json", ""), (answer.Status, answer.ContentType, answer.Body));
    }

    [Fact]
    public async Task Repeated_IsTheAnswerToTheCallBeforeOfTheSameOperation()
    {
        await using var stage = await StartAsync("""{"kind":"repeated","everyNth":2,"operation":"user.info"}""");
        var ada = (await stage.GetAsync(Path)).Body;
        await stage.GetAsync("/codeforces/api/user.rating?handle=cy");
        var bo = (await stage.GetAsync("/codeforces/api/user.info?handles=boo")).Body;
        Assert.Equal(ada, bo);
        Assert.Equal(1, stage.Simulator.Journal("codeforces").Faults["repeated"]);
        Assert.DoesNotContain(stage.World.Codeforces("boo")!.Handle, bo, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Stale_IsTheAnswerOfTheRevisionBefore()
    {
        await using var stage = await Stage.StartAsync("""{"revision":4}""");
        var before = (await stage.GetAsync(Path)).Body;
        stage.Simulator.Change("""{"revision":5}""");
        var now = (await stage.GetAsync(Path)).Body;
        stage.Simulator.Change(Faults("""{"kind":"stale"}"""));
        var stale = (await stage.GetAsync(Path)).Body;
        Assert.NotEqual(before, now);
        Assert.Equal(before, stale);
    }

    [Fact]
    public async Task MissingField_LacksAtAnyDepthAndRenamedFieldHasAnotherName()
    {
        await using var stage = await StartAsync("""{"kind":"missingField","field":"rating","nextCalls":1},{"kind":"renamedField","field":"rating","to":"elo","nextCalls":1}""");
        var missing = (await stage.GetAsync(Path)).Json.GetProperty("result")[0];
        var renamed = (await stage.GetAsync(Path)).Json.GetProperty("result")[0];
        Assert.False(missing.TryGetProperty("rating", out _));
        Assert.True(missing.TryGetProperty("maxRating", out _));
        Assert.False(renamed.TryGetProperty("rating", out _));
        Assert.Equal(stage.World.Codeforces("ada")!.Rating, renamed.GetProperty("elo").GetInt32());
    }

    [Fact]
    public async Task RenamedField_ChangesTheTextOfAPage()
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("codechef", """ "faults":[{"kind":"renamedField","field":"rating-number","to":"score-number"}] """));
        var page = (await stage.GetAsync("/codechef/users/ada")).Body;
        Assert.Contains("class=\"score-number\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("rating-number", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SlowBody_ComesWholeAfterItsDuration()
    {
        var clock = new ManualClock();
        await using var stage = await StartAsync("""{"kind":"slowBody","durationMs":900}""", clock);
        var call = stage.GetAsync(Path);
        for (var piece = 0; piece < 9; piece++)
        {
            await Eventually.Async(() => clock.Waiting == 1, $"the pause after piece {piece + 1}");
            Assert.Equal(1, stage.Simulator.Journal("codeforces").InFlight);
            clock.Advance(TimeSpan.FromMilliseconds(100));
        }
        Assert.Equal("OK", (await call).Json.GetProperty("status").GetString());
        Assert.Equal(900, Assert.Single(stage.Simulator.Calls().Calls).Ms);
    }

    // --- when ---

    [Fact]
    public async Task EveryNth_StrikesTheNthCallsAndNoOther()
    {
        await using var stage = await StartAsync("""{"kind":"status","status":503,"everyNth":3}""");
        Assert.Equal([200, 200, 503, 200, 200, 503, 200], await StatusesAsync(stage, 7));
    }

    [Fact]
    public async Task NextCalls_CountsFromWhenTheFaultCame()
    {
        await using var stage = await Stage.StartAsync();
        await StatusesAsync(stage, 3);
        stage.Simulator.Change(Faults("""{"kind":"status","nextCalls":2}"""));
        Assert.Equal([500, 500, 200], await StatusesAsync(stage, 3));
    }

    [Fact]
    public async Task NextCalls_GoOnCountingWhenSomethingElseChanges()
    {
        await using var stage = await StartAsync("""{"kind":"status","nextCalls":2}""");
        Assert.Equal([500], await StatusesAsync(stage, 1));
        stage.Simulator.Change("""{"revision":1}""");
        Assert.Equal([500, 200], await StatusesAsync(stage, 2));
    }

    [Fact]
    public async Task TimeSpan_StrikesFromItsStartUntilBeforeItsEnd()
    {
        var clock = new ManualClock();
        await using var stage = await StartAsync("""{"kind":"status","status":503,"fromSeconds":10,"untilSeconds":20}""", clock);
        var statuses = new List<int>();
        foreach (var seconds in new[] { 0, 9.999, 0.001, 9.999, 0.001 })
        {
            clock.Advance(TimeSpan.FromSeconds(seconds));
            statuses.AddRange(await StatusesAsync(stage, 1));
        }
        Assert.Equal([200, 200, 503, 503, 200], statuses);
    }

    [Fact]
    public async Task Probability_IsTheShareOfCallsStruckAndFollowsFromTheSeed()
    {
        const string fault = """{"kind":"status","status":503,"probability":0.25}""";
        await using var stage = await StartAsync(fault);
        await using var twin = await StartAsync(fault);
        await using var other = await Stage.StartAsync("""{"seed":2,""" + Faults(fault)[1..]);

        var (first, same, different) = (await StatusesAsync(stage, 400), await StatusesAsync(twin, 400), await StatusesAsync(other, 400));

        Assert.Equal(first, same);
        Assert.NotEqual(first, different);
        Assert.InRange(first.Count(status => status == 503), 70, 130);
    }

    [Fact]
    public async Task PutTwice_TheSameScenarioStrikesTheSameCalls()
    {
        var scenario = Stage.Upstream("codeforces", """ "latency":null,"limit":null,"faults":[{"kind":"status","probability":0.3}] """);
        await using var stage = await Stage.StartAsync();
        stage.Simulator.Replace(scenario);
        var first = await StatusesAsync(stage, 50);
        stage.Simulator.Replace(scenario);
        Assert.Equal(first, await StatusesAsync(stage, 50));
    }

    [Fact]
    public async Task OperationAndHandlePrefix_NarrowWhatIsLookedAt()
    {
        await using var stage = await StartAsync("""{"kind":"status","operation":"user.rating","handlePrefix":"slow","nextCalls":1}""");
        Assert.Equal([200], await StatusesAsync(stage, 1, "/codeforces/api/user.info?handles=slow_bo"));
        Assert.Equal([200], await StatusesAsync(stage, 1, "/codeforces/api/user.rating?handle=ada"));
        Assert.Equal([500, 200], await StatusesAsync(stage, 2, "/codeforces/api/user.rating?handle=Slow_bo"));
    }

    [Fact]
    public async Task TheFirstFaultThatStrikes_DecidesTheCall()
    {
        await using var stage = await StartAsync("""{"kind":"status","status":503,"everyNth":2},{"kind":"status","status":429,"everyNth":2}""");
        // The second fault does not see what the first one struck: its second call is the third one.
        Assert.Equal([200, 503, 429, 503, 200], await StatusesAsync(stage, 5));
    }

    [Fact]
    public async Task FaultyAnswers_AnswerNoKey()
    {
        string[] kinds = ["status", "overLimit", "cutBody", "disconnect", "html", "emptyBody", "repeated", "missingField"];
        foreach (var kind in kinds)
        {
            await using var stage = await StartAsync($$"""{"kind":"{{kind}}","field":"rating","nextCalls":1}""");
            await Record.ExceptionAsync(() => stage.GetAsync(Path));
            var keys = stage.Simulator.Journal("codeforces").Keys;
            Assert.True((keys.Asked, keys.Answered) == (1, 0), string.Create(CultureInfo.InvariantCulture, $"{kind}: asked {keys.Asked}, answered {keys.Answered}"));
        }
    }
}
