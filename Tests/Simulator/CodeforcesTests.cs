using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Tests.Simulator;

public class CodeforcesTests
{
    private const string Info = "/codeforces/api/user.info";

    [Theory]
    [InlineData(";")]
    [InlineData("%3B")]
    public async Task Info_AnswersByPositionInTheOrderAsked(string separator)
    {
        await using var stage = await Stage.StartAsync();
        string[] handles = ["zoe", "ada", "mia", "ada"];

        var answer = await stage.GetAsync($"{Info}?handles={string.Join(separator, handles)}");

        Assert.Equal(200, answer.Status);
        Assert.Equal("OK", answer.Json.GetProperty("status").GetString());
        var users = answer.Json.GetProperty("result").EnumerateArray().ToList();
        Assert.Equal(handles.Select(handle => stage.World.Codeforces(handle)!.Handle), users.Select(user => user.GetProperty("handle").GetString()));
        Assert.Equal(handles.Select(handle => stage.World.Codeforces(handle)!.Rating), users.Select(user => (int?)user.GetProperty("rating").GetInt32()));
    }

    [Fact]
    public async Task Info_TakesAFormByPost()
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.PostFormAsync(Info, "handles=ada%3Bzoe&checkHistoricHandles=true");
        Assert.Equal(2, answer.Json.GetProperty("result").GetArrayLength());
    }

    [Fact]
    public async Task Info_FailsTheWholeBatchForOneUnknownHandleAndNamesTheFirstInLowerCase()
    {
        await using var stage = await Stage.StartAsync();

        var answer = await stage.GetAsync($"{Info}?handles=ada;Missing_Bo;missing_cy;zoe");

        Assert.Equal(400, answer.Status);
        Assert.Equal("FAILED", answer.Json.GetProperty("status").GetString());
        Assert.Equal("handles: User with handle missing_bo not found", answer.Json.GetProperty("comment").GetString());
        Assert.False(answer.Json.TryGetProperty("result", out _));
    }

    [Fact]
    public async Task Info_ResolvesARenamedHandleUnlessHistoricHandlesAreOff()
    {
        await using var stage = await Stage.StartAsync();

        var found = await stage.GetAsync($"{Info}?handles=renamed_ada");
        var strict = await stage.GetAsync($"{Info}?handles=renamed_ada&checkHistoricHandles=false");

        Assert.Equal("now_ada", found.Json.GetProperty("result")[0].GetProperty("handle").GetString(), ignoreCase: true);
        Assert.Equal(400, strict.Status);
        Assert.Contains("User with handle renamed_ada not found", strict.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_LeavesEveryRatingFieldOutForTheUnrated()
    {
        await using var stage = await Stage.StartAsync();
        var user = (await stage.GetAsync($"{Info}?handles=unrated_bo")).Json.GetProperty("result")[0];
        foreach (var field in new[] { "rating", "rank", "maxRating", "maxRank" }) Assert.False(user.TryGetProperty(field, out _), field);
        Assert.True(user.TryGetProperty("lastOnlineTimeSeconds", out _));
    }

    [Theory]
    [InlineData("a!b", "handles: Field should contain only Latin letters, digits, underscore or dash characters")]
    [InlineData("ab", "handles: Field should contain between 3 and 24 characters, inclusive")]
    [InlineData("abcdefghijklmnopqrstuvwxyz", "handles: Field should contain between 3 and 24 characters, inclusive")]
    public async Task Info_RefusesHandlesOfBadSpelling(string handle, string comment)
    {
        await using var stage = await Stage.StartAsync();
        var answer = await stage.GetAsync($"{Info}?handles=ada;{handle}");
        Assert.Equal(400, answer.Status);
        Assert.Equal(comment, answer.Json.GetProperty("comment").GetString());
    }

    [Fact]
    public async Task Info_AnswersTenThousandHandlesAndRefusesOneMore()
    {
        await using var stage = await Stage.StartAsync();
        // Names as short as possible: the body has to stay under 65,536 bytes.
        static string Form(int count) => "handles=" + string.Join(';', Enumerable.Range(0, count).Select(i => $"a{i:x2}"));

        var most = await stage.PostFormAsync(Info, Form(10_000));
        var tooMany = await stage.PostFormAsync(Info, Form(10_001));

        Assert.Equal(10_000, most.Json.GetProperty("result").GetArrayLength());
        Assert.Equal(400, tooMany.Status);
        Assert.Equal("FAILED", tooMany.Json.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Info_RefusesABodyOver65536Bytes()
    {
        await using var stage = await Stage.StartAsync();
        var fits = "handles=ada&lang=".PadRight(65_536, 'e');
        Assert.Equal(200, (await stage.PostFormAsync(Info, fits)).Status);
        var answer = await stage.PostFormAsync(Info, fits + "e");
        Assert.Equal(413, answer.Status);
        Assert.Equal("text/html", answer.ContentType);
    }

    [Theory]
    [InlineData(200, "application/json")]
    [InlineData(429, "application/json")]
    [InlineData(503, "text/html")]
    [InlineData(403, "text/html")]
    public async Task OverTheLimit_AnswersAsTheScenarioSays(int status, string contentType)
    {
        await using var stage = await Stage.StartAsync(Stage.Upstream("codeforces", $$""" "limit":{"calls":1,"perSeconds":3600,"status":{{status}}} """));
        await stage.GetAsync($"{Info}?handles=ada");

        var answer = await stage.GetAsync($"{Info}?handles=ada");

        Assert.Equal(status, answer.Status);
        Assert.Equal(contentType, answer.ContentType);
        if (contentType == "application/json") Assert.Equal("Call limit exceeded", answer.Json.GetProperty("comment").GetString());
    }

    [Fact]
    public void ByDefault_AdmitsOneCallInTwoSeconds()
    {
        var limit = new OrleansBulk.Simulator.Scenarios.Scenario().Upstreams[Platforms.Codeforces].Limit!;
        Assert.Equal((1, 2.0, 200), (limit.Calls, limit.PerSeconds, limit.Status));
    }

    [Fact]
    public async Task Rating_IsTheHistoryOldestFirstAndEndsAtTheRatingOfInfo()
    {
        await using var stage = await Stage.StartAsync();

        var rows = (await stage.GetAsync("/codeforces/api/user.rating?handle=ada")).Json.GetProperty("result").EnumerateArray().ToList();

        var profile = stage.World.Codeforces("ada")!;
        Assert.Equal(profile.Contests.Count, rows.Count);
        Assert.Equal(0, rows[0].GetProperty("oldRating").GetInt32());
        Assert.Equal(profile.Rating, rows[^1].GetProperty("newRating").GetInt32());
        Assert.Equal(rows.Select(Time).Order(), rows.Select(Time));
        static long Time(JsonElement row) => row.GetProperty("ratingUpdateTimeSeconds").GetInt64();
    }

    [Fact]
    public async Task Rating_IsEmptyForTheUnratedAndNamesTheUnknownInTheSingular()
    {
        await using var stage = await Stage.StartAsync();

        var unrated = await stage.GetAsync("/codeforces/api/user.rating?handle=unrated_bo");
        var missing = await stage.GetAsync("/codeforces/api/user.rating?handle=Missing_Bo");

        Assert.Equal("""{"status":"OK","result":[]}""", unrated.Body);
        Assert.Equal(400, missing.Status);
        Assert.Equal("handle: User with handle missing_bo not found", missing.Json.GetProperty("comment").GetString());
    }

    [Fact]
    public async Task Status_PagesFromTheNewestAndHoldsTheSolvedProblems()
    {
        await using var stage = await Stage.StartAsync();

        var all = (await stage.GetAsync("/codeforces/api/user.status?handle=ada")).Json.GetProperty("result").EnumerateArray().ToList();
        var page = (await stage.GetAsync("/codeforces/api/user.status?handle=ada&from=3&count=2")).Json.GetProperty("result").EnumerateArray().ToList();

        var solved = all.Where(row => row.GetProperty("verdict").GetString() == "OK")
            .Select(row => (row.GetProperty("problem").GetProperty("contestId").GetInt32(), row.GetProperty("problem").GetProperty("index").GetString())).Distinct();
        Assert.Equal(stage.World.Codeforces("ada")!.Solved, solved.Count());
        Assert.Equal(all.Skip(2).Take(2).Select(Id), page.Select(Id));
        Assert.True(all[0].GetProperty("creationTimeSeconds").GetInt64() > all[^1].GetProperty("creationTimeSeconds").GetInt64());
        static long Id(JsonElement row) => row.GetProperty("id").GetInt64();
    }

    [Fact]
    public async Task UnknownMethods_Are404AndCounted()
    {
        await using var stage = await Stage.StartAsync();
        Assert.Equal(404, (await stage.GetAsync("/codeforces/api/contest.list")).Status);
        Assert.Equal(1, stage.Simulator.Journal(Platforms.Codeforces).Operations["unknown"]);
    }
}
