using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Hooks;

/// <summary>What a run costs, and what it does not: budgets, keys that share the load, answers that are used again.</summary>
public sealed class HookSpendingTests
{
    [Theory]
    [InlineData(9_000)]
    [InlineData(20_000)]
    public async Task ABudgetOfTokens_IsNeverExceeded_HoweverManyCallsAreMadeAtOnce(int tokens)
    {
        await using var stage = await HookStage.StartAsync();

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "a", "b", "c", "d", "e", "f" }, hooksPerModel = 10, judges = new[] { "judge", "a" }, budget = new { tokens } });

        Assert.InRange(run.GetProperty("tokens").GetInt64(), 1, tokens);
        Assert.InRange(await stage.Host.Postgres.QueryAsync<long>("SELECT spent_tokens FROM hook_runs"), run.GetProperty("tokens").GetInt64(), tokens);
        Assert.Equal(0, await stage.Host.Postgres.QueryAsync<long>("SELECT held_tokens FROM hook_runs"));
        Assert.Contains($"of {tokens:N0} tokens spent, and the next call could cost more than what is left.", run.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("completed", run.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("cutBody")]
    [InlineData("disconnect")]
    [InlineData("emptyBody")]
    [InlineData("html")]
    [InlineData("streamError")]
    public async Task ABudget_IsNeverExceeded_ByAnswersThatAreChargedAndNeverArrive(string fault)
    {
        const int tokens = 12_000;
        await using var stage = await HookStage.StartAsync(
            [new("writer", "anthropic") { More = [("Timeout", "00:00:01"), ("Attempts", "5")] }, new("judge", "openai") { More = [("Timeout", "00:00:01"), ("Attempts", "5")] }], ("Hooks:Judge", "judge"));
        foreach (var upstream in new[] { "anthropic", "openai" })
        {
            stage.Host.Simulator.Change("{\"upstreams\": {\"" + upstream + "\": {\"chat\": {\"firstTokenMs\": 10, \"tokensPerSecond\": 0}, \"faults\": [{\"everyNth\": 2, \"kind\": \"" + fault + "\"}]}}}");
        }

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "writer" }, hooksPerModel = 10, budget = new { tokens } });

        var charged = stage.Host.Simulator.Journal("openai").Charged + stage.Host.Simulator.Journal("anthropic").Charged;
        var budget = run.GetProperty("budget");
        Assert.InRange(charged, 1, budget.GetProperty("spentTokens").GetInt64());
        Assert.InRange(budget.GetProperty("spentTokens").GetInt64(), 1, tokens);
        Assert.Equal(budget.GetProperty("spentTokens").GetInt64(), run.GetProperty("tokens").GetInt64()); // what the parts have taken is what was booked
        Assert.Equal(tokens, budget.GetProperty("tokens").GetInt64());
    }

    [Fact]
    public async Task WhatAProviderRefuses_IsBookedAsNothing()
    {
        await using var stage = await HookStage.StartAsync([new("writer", "anthropic"), new("judge", "openai")], ("Hooks:Judge", "judge"));
        stage.Fault("openai", """{"operation": "judge", "kind": "status", "status": 503}, {"operation": "judge", "kind": "status", "status": 400}""");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "writer" }, hooksPerModel = 2, budget = new { tokens = 100_000 } });

        Assert.Equal("1 of 1 models, 0 of 2 hooks judged", run.GetProperty("summary").GetString());
        Assert.Equal(0, stage.Host.Simulator.Journal("openai").Charged);
        Assert.Equal(stage.Host.Simulator.Journal("anthropic").Charged, run.GetProperty("budget").GetProperty("spentTokens").GetInt64());
    }

    [Fact]
    public async Task ABudgetOfMoney_IsNeverExceeded_AndSaysSo()
    {
        await using var stage = await HookStage.StartAsync();

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "a", "b", "d" }, hooksPerModel = 10, budget = new { money = 0.01 } });

        Assert.InRange(run.GetProperty("cost").GetDecimal(), 0.000001m, 0.01m);
        Assert.Contains("of 0.01 spent", run.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABudgetThatSuffices_LetsTheRunEnd()
    {
        await using var stage = await HookStage.StartAsync();

        // Far less than what all its calls together could cost at most, if all were made at once.
        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "a", "d" }, hooksPerModel = 5, budget = new { tokens = 20_000 } });

        Assert.Equal("2 of 2 models, 10 of 10 hooks judged", run.GetProperty("summary").GetString());
    }

    [Fact]
    public async Task SeveralKeys_ShareTheLoad()
    {
        await using var stage = await HookStage.StartAsync([new("writer", "anthropic"), new("judge", "openai") { Keys = ["K1", "K2", "K3"] }], ("Hooks:Judge", "judge"));

        for (var run = 0; run < 3; run++)
        {
            await stage.RunAsync(new { topic = $"topic {run}", models = new[] { "writer" }, hooksPerModel = 20 });
        }

        var calls = stage.Host.Simulator.Journal("openai").Tokens;
        Assert.Equal(60, calls.Values.Sum());
        Assert.All(new[] { "simulated-K1", "simulated-K2", "simulated-K3" }, key => Assert.InRange(calls[key], 18, 22));
    }

    [Theory]
    [InlineData("""{"refusedTokens": ["simulated-K2"]}""", "invalid_api_key")]
    [InlineData("""{"chat": {"keys": {"simulated-K2": {"exhausted": true}}}}""", "insufficient_quota")]
    public async Task AKeyThatIsRefusedOrExhausted_IsSetAside_AndTheOthersDoItsWork(string scenario, string reason)
    {
        await using var stage = await HookStage.StartAsync([new("writer", "anthropic"), new("judge", "openai") { Keys = ["K1", "K2", "K3"] }], ("Hooks:Judge", "judge"));
        stage.Host.Simulator.Change("{\"upstreams\": {\"openai\": " + scenario + "}}");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "writer" }, hooksPerModel = 20 });

        Assert.Equal("1 of 1 models, 20 of 20 hooks judged", run.GetProperty("summary").GetString());
        var calls = stage.Host.Simulator.Journal("openai").Tokens;
        Assert.InRange(calls["simulated-K2"], 1, 20 / 3 + 1); // those that were under way when the first was refused
        Assert.InRange(Math.Abs(calls["simulated-K1"] - calls["simulated-K3"]), 0, 2);
        var judge = (await stage.Program.GetAsync("/api/hooks/models")).Json[1];
        Assert.Equal("degraded", judge.GetProperty("health").GetString());
        Assert.Contains(reason, judge.GetProperty("keys")[1].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheSameRequest_IsAnsweredFromTheCache_AndSaysSo()
    {
        await using var stage = await HookStage.StartAsync();
        var request = new { topic = "weekly planning", models = new[] { "a", "d" }, hooksPerModel = 3, cacheSeconds = 600 };

        var first = await stage.RunAsync(request);
        var calls = Calls();
        var second = await stage.RunAsync(request);
        var asked = await stage.RunAsync(request with { cacheSeconds = 0 });

        Assert.Equal((8, 8), (calls, calls));
        Assert.Equal(2 * calls, Calls());
        Assert.Equal(Texts(first), Texts(second));
        Assert.Equal(first.GetProperty("hooks")[0].GetProperty("score").GetDouble(), second.GetProperty("hooks")[0].GetProperty("score").GetDouble());
        Assert.All(second.GetProperty("models").EnumerateArray(), model => Assert.Equal((true, 0m), (model.GetProperty("cached").GetBoolean(), model.GetProperty("cost").GetDecimal())));
        Assert.All(HookStage.Hooks(second), hook => Assert.True(hook.GetProperty("evaluations")[0].GetProperty("cached").GetBoolean()));
        Assert.All(first.GetProperty("models").EnumerateArray().Concat(asked.GetProperty("models").EnumerateArray()), model => Assert.False(model.GetProperty("cached").GetBoolean()));

        long Calls() => stage.Host.Simulator.Journal("openai").Calls + stage.Host.Simulator.Journal("anthropic").Calls;
        static IEnumerable<string?> Texts(JsonElement run) => HookStage.Hooks(run).Select(hook => hook.GetProperty("text").GetString()).Order();
    }

    [Fact]
    public async Task IdenticalRequestsUnderWay_AreOneCall()
    {
        await using var stage = await HookStage.StartAsync();
        var request = new { topic = "weekly planning", models = new[] { "d" }, hooksPerModel = 3 };

        Guid[] ids;
        using (stage.Host.Simulator.Hold("anthropic"))
        {
            ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => stage.BeginAsync(request)));
            // A run writes down that a model has begun just before it asks it.
            await WebHost.UntilAsync("all have asked", async () => await stage.Host.Postgres.QueryAsync<long>("SELECT count(*) FROM hook_generations") == 5);
        }

        var runs = await Task.WhenAll(ids.Select(stage.EndAsync));

        Assert.Equal(1, stage.Host.Simulator.Journal("anthropic").Calls);
        Assert.All(runs, run => Assert.Equal("1 of 1 models, 3 of 3 hooks judged", run.GetProperty("summary").GetString()));
        Assert.Single(runs, run => !HookStage.Model(run, "d").GetProperty("cached").GetBoolean());
    }

    [Theory]
    [InlineData("openai", "requestsPerMinute", 6)]
    [InlineData("anthropic", "requestsPerMinute", 6)]
    [InlineData("openai", "tokensPerMinute", 6000)]
    [InlineData("anthropic", "tokensPerMinute", 6000)]
    public async Task LimitsInHeaders_AreHonouredBeforeTheyAreHit(string provider, string limit, int most)
    {
        await using var stage = await HookStage.StartAsync([new("writer", provider == "openai" ? "anthropic" : "openai"), new("judge", provider) { Keys = ["K1"], More = [("Concurrency", "2")] }], ("Hooks:Judge", "judge"));
        stage.Host.Simulator.Change("{\"upstreams\": {\"" + provider + "\": {\"chat\": {\"keys\": {\"simulated-K1\": {\"" + limit + "\": " + most + "}}}}}}");

        var id = await stage.BeginAsync(new { topic = "weekly planning", models = new[] { "writer" }, hooksPerModel = 20 });
        await WebHost.UntilAsync("the judge is held", async () => (await stage.Program.GetAsync("/api/hooks/models")).Json[1].GetProperty("health").GetString() == "held"
            || (await stage.Program.JobAsync(id)).GetProperty("progress").GetProperty("boundBy").GetString()?.Contains(" a minute", StringComparison.Ordinal) is true);
        await Task.Delay(500); // long enough for a call that should not be made

        var journal = stage.Host.Simulator.Journal(provider);
        Assert.True(journal.Refused.Total == 0, string.Join("\n", stage.Host.Simulator.Calls(upstream: provider).Calls));
        Assert.InRange(journal.Calls, 2, 9);
        await stage.Program.PostAsync($"/api/jobs/{id}/cancel");
    }

    [Theory]
    [InlineData("RequestsPerMinute", 5, 5)]
    [InlineData("TokensPerMinute", 6000, 8)]
    public async Task ConfiguredLimits_HoldCallsBack_WithoutAnyHeader(string setting, int limit, int mostCalls)
    {
        await using var stage = await HookStage.StartAsync([new("writer", "anthropic"), new("judge", "openai") { More = [(setting, limit.ToString())] }], ("Hooks:Judge", "judge"));

        var id = await stage.BeginAsync(new { topic = "weekly planning", models = new[] { "writer" }, hooksPerModel = 20 });
        await WebHost.UntilAsync("some are judged", () => Task.FromResult(stage.Host.Simulator.Journal("openai").Calls >= 3));
        await Task.Delay(700); // long enough for calls that should not be made

        Assert.InRange(stage.Host.Simulator.Journal("openai").Calls, 3, mostCalls);
        await stage.Program.PostAsync($"/api/jobs/{id}/cancel");
    }
}
