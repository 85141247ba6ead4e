using System.Net;
using System.Text.Json;
using OrleansBulk.Hooks;
using OrleansBulk.Tests.Hooks;
using OrleansBulk.Tests.Support;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Tests.Web.Hooks;

/// <summary>The API of hooks, from the request to the ranking and its files.</summary>
public sealed class ApiHooksTests
{
    [Fact]
    public async Task Generate_WritesJudgesAndRanksEveryHook()
    {
        await using var stage = await HookStage.StartAsync();

        var run = await stage.RunAsync(new { topic = "remote onboarding", audience = "founders", tone = "dry", models = new[] { "a", "b", "d" }, hooksPerModel = 4 });

        Assert.Equal("3 of 3 models, 12 of 12 hooks judged", run.GetProperty("summary").GetString());
        Assert.Equal(100, run.GetProperty("percent").GetDouble());
        var scores = HookStage.Hooks(run).Select(hook => hook.GetProperty("score").GetDouble()).ToList();
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.Equal(1, HookStage.Hooks(run)[0].GetProperty("rank").GetInt32());
        Assert.All(HookStage.Hooks(run), hook =>
        {
            Assert.Contains("remote onboarding", hook.GetProperty("text").GetString(), StringComparison.Ordinal);
            Assert.Equal("write-hooks/1", hook.GetProperty("promptVersion").GetString());
            Assert.Equal("judge-hook/1", hook.GetProperty("evaluations")[0].GetProperty("prompt").GetString());
            Assert.NotEmpty(hook.GetProperty("reason").GetString()!);
            Assert.InRange(hook.GetProperty("criteria").GetProperty("audienceFit").GetDouble(), 1, 100);
        });
        var model = HookStage.Model(run, "a");
        Assert.Equal(("finished", 4), (model.GetProperty("state").GetString(), model.GetProperty("hooks").GetInt32()));
        Assert.True(model.GetProperty("tokensIn").GetInt64() > 0 && model.GetProperty("tokensOut").GetInt64() > 0 && model.GetProperty("cost").GetDecimal() > 0, model.ToString());
    }

    [Fact]
    public async Task Generate_WithEventStream_AnswersWithWhatHappens()
    {
        await using var stage = await HookStage.StartAsync();
        stage.Host.Simulator.Change("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 200, "tokensPerSecond": 400}}}}""");

        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/hooks/generate") { Content = JsonContent(new { topic = "pricing pages", models = new[] { "a", "b" }, hooksPerModel = 3 }) };
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var events = await WebHostEvents.OpenAsync(stage.Program.Http, request);
        Assert.Equal("text/event-stream", events.Response.Content.Headers.ContentType?.MediaType);
        var all = await events.ToEndAsync();

        var news = all.Where(seen => seen.Name == "news").SelectMany(seen => seen.Json.EnumerateArray()).ToList();
        Assert.Equal(2, Count("model started"));
        Assert.Equal(6, Count("hook written"));
        Assert.Equal(6, Count("hook judged"));
        Assert.Equal(2, Count("model finished"));
        Assert.Equal("2 of 2 models, 6 of 6 hooks judged", news.Single(one => Name(one) == "run finished").GetProperty("summary").GetString());
        Assert.Equal("completed", all[^1].Json.GetProperty("status").GetString());
        var percents = news.Where(one => one.TryGetProperty("percent", out _)).Select(one => one.GetProperty("percent").GetDouble()).ToList();
        Assert.Equal(100, percents[^1]);
        var allowed = (all[^1].At.TotalSeconds * 10) + 3; // ten a second, the first, the last, and one that was just due
        Assert.InRange(all.Count(seen => seen.Name is "news" or "progress" or "failure"), 1, (int)Math.Ceiling(allowed));

        int Count(string name) => news.Count(one => Name(one) == name);
        static string? Name(JsonElement one) => one.GetProperty("event").GetString();
    }

    [Theory]
    [InlineData("""{"models": ["a"]}""", "topic has 0 characters")]
    [InlineData("""{"topic": "x", "models": []}""", "models is empty")]
    [InlineData("""{"topic": "x", "models": ["nobody"]}""", "There is no model 'nobody'. Known are: a, b")]
    [InlineData("""{"topic": "x", "models": ["a", "a"]}""", "models names one twice")]
    [InlineData("""{"topic": "x", "models": [null]}""", "an entry is null")]
    [InlineData("""{"topic": "x", "models": ["a"], "judges": [null]}""", "an entry is null")]
    [InlineData("""{"topic": "x", "models": ["a"], "hooksPerModel": 0}""", "hooksPerModel is 0; it must be 1 to 20")]
    [InlineData("""{"topic": "x", "models": ["a"], "judge": "nobody"}""", "There is no model 'nobody' to judge")]
    [InlineData("""{"topic": "x", "models": ["a"], "budget": {"tokens": 0}}""", "must be more than 0")]
    [InlineData("""{"topic": "x", "models": ["a"], "hooks": 5}""", "cannot be read")]
    [InlineData("""{"topic": 5, "models": ["a"]}""", "cannot be read at $.topic")]
    [InlineData("""[1]""", "Wanted is an object")]
    public async Task Generate_RefusesWhatIsWrong_InWords(string body, string words)
    {
        Assert.Contains(words, (await (await SharedAsync()).Program.PostAsync("/api/hooks/generate", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_AreListedWithPriceAndHealth_AndNeverWithAKey()
    {
        await using var stage = await HookStage.StartAsync(("KEY_a", "sk-very-secret"));

        var answer = await stage.Program.GetAsync("/api/hooks/models");

        Assert.DoesNotContain("sk-very-secret", answer.Text, StringComparison.Ordinal);
        var first = answer.Json[0];
        Assert.Equal(("a", "openai", "model-a", "up", 1m), (Text("id"), Text("provider"), Text("model"), Text("health"), first.GetProperty("inputPrice").GetDecimal()));
        Assert.Equal("KEY_a", first.GetProperty("keys")[0].GetProperty("name").GetString());

        string? Text(string name) => first.GetProperty(name).GetString();
    }

    [Fact]
    public async Task Runs_AreListed_OpenedAndExported()
    {
        await using var stage = await HookStage.StartAsync();
        var first = await stage.RunAsync(new { topic = "=SUM(A1) in a topic", models = new[] { "a" }, hooksPerModel = 2 });
        var second = await stage.RunAsync(new { topic = "second", models = new[] { "a", "d" }, hooksPerModel = 1 });

        var page = (await stage.Program.GetAsync("/api/hooks/runs?limit=1")).Json;
        var rest = (await stage.Program.GetAsync($"/api/hooks/runs?limit=5&after={page.GetProperty("next").GetString()}")).Json;
        var csv = await stage.Program.GetAsync($"/api/hooks/runs/{first.GetProperty("id").GetString()}/export.csv");
        var json = await stage.Program.GetAsync($"/api/hooks/runs/{second.GetProperty("id").GetString()}/export.json");

        Assert.Equal("second", page.GetProperty("items")[0].GetProperty("topic").GetString());
        Assert.Equal("2 of 2 models, 2 of 2 hooks judged", page.GetProperty("items")[0].GetProperty("summary").GetString());
        Assert.Equal(first.GetProperty("id").GetString(), rest.GetProperty("items")[0].GetProperty("id").GetString());
        Assert.Equal("text/csv", csv.MediaType);
        Assert.Equal(3, csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("rank,model,no,text,score", csv.Text, StringComparison.Ordinal);
        Assert.Equal(second.GetProperty("hooks").GetRawText(), json.Json.GetProperty("hooks").GetRawText().Replace("\n", "").Replace("  ", "").Replace("\": ", "\":"), ignoreAllWhiteSpace: true);
        Assert.Contains("no run of hooks", (await stage.Program.GetAsync($"/api/hooks/runs/{Guid.NewGuid()}")).Problem(HttpStatusCode.NotFound), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("=1+1")]
    [InlineData("@SUM(1)")]
    [InlineData("-2")]
    public void AFormula_ThatAModelOrAJudgeWrote_IsTextInTheCsv(string formula)
    {
        var verdict = new Verdict(50, 1, 2, 3, 4, 5, formula);
        var hook = new RankedHook("a", 1, formula, "write-hooks/1", DateTimeOffset.UnixEpoch, [new HookEvaluation("judge", verdict, null, "judge-hook/1", false, false, 1, 1, 0, 1)], 1, 50, null);
        var failed = hook with { Evaluations = [new HookEvaluation("judge", null, formula, "judge-hook/1", false, false, 1, 1, 0, 1)], Rank = null, Score = null };
        var spec = new HookSpec("t", null, null, [], ["a"], 1, ["judge"], true, 0, new HookBudget(null, null));
        var job = new OrleansBulk.Jobs.JobRow { Id = Guid.NewGuid(), Workload = "hook-generation", Status = OrleansBulk.Jobs.JobStatus.Completed, Mode = OrleansBulk.Jobs.JobMode.Standard, MaxConcurrency = 1, CreatedBy = "a", CreatedAt = DateTimeOffset.UnixEpoch };

        var lines = HookFiles.Csv(new HookRun(job, spec, [hook, failed], [], null)).Split("\r\n");

        Assert.Equal(["1", "a", "1", "'" + formula, "50", "", "no", "1", "2", "3", "4", "5", "'" + formula, "", "write-hooks/1"], lines[1].Split(','));
        Assert.Equal(["", "a", "1", "'" + formula, "", "", "no", "", "", "", "", "", "", "'" + formula, "write-hooks/1"], lines[2].Split(','));
    }

    [Fact]
    public async Task AViewer_MayLookButNotGenerate()
    {
        var stage = await SharedAsync();
        using var viewer = await stage.Host.ProgramAsync("viewer");

        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/hooks/models")).Status);
        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/hooks/runs")).Status);
        (await viewer.PostAsync("/api/hooks/generate", new { topic = "x", models = new[] { "a" } })).Problem(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Preview_SaysCallsAndCost()
    {
        var stage = await SharedAsync();

        var forecast = (await stage.Program.PostAsync("/api/jobs/preview", new { workload = "hook-generation", spec = new { topic = "x", models = new[] { "a", "b" }, hooksPerModel = 5 } })).Json;

        Assert.Equal(12, forecast.GetProperty("items").GetInt64());
        Assert.Equal(10, forecast.GetProperty("calls").GetProperty("judge").GetInt64());
        Assert.True(forecast.GetProperty("cost").GetDecimal() > 0);
    }

    private static readonly Lazy<Task<HookStage>> s_shared = new(() => HookStage.StartAsync());

    private static Task<HookStage> SharedAsync() => s_shared.Value;

    private static StringContent JsonContent(object body) => new(JsonSerializer.Serialize(body), System.Text.Encoding.UTF8, "application/json");
}
