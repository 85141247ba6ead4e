using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Hooks;

/// <summary>One model's failure, of every class, leaves the others alone and is reported in words.</summary>
public sealed class HookErrorTests
{
    /// <summary>Errors that stay, by provider; the words that a person reads.</summary>
    public static TheoryData<string, string, string> Lasting() => new()
    {
        { "openai", """ "kind": "status", "status": 401 """, "invalid_api_key" },
        { "openai", """ "kind": "status", "status": 400, "code": "context_length_exceeded" """, "context_length_exceeded" },
        { "openai", """ "kind": "status", "status": 400, "code": "unsupported_parameter" """, "unsupported_parameter" },
        { "openai", """ "kind": "status", "status": 403, "code": "unsupported_country_region_territory" """, "refused" },
        { "openai", """ "kind": "status", "status": 403, "code": "html" """, "no JSON" },
        { "openai", """ "kind": "status", "status": 404, "code": "model_not_found" """, "model_not_found" },
        { "openai", """ "kind": "status", "status": 429, "code": "insufficient_quota" """, "insufficient_quota" },
        { "openai", """ "kind": "status", "status": 429, "code": "credit_balance_exhausted" """, "credit_balance_exhausted" },
        { "openai", """ "kind": "status", "status": 429, "code": "rate_limit_exceeded", "retryAfter": {"seconds": 900} """, "too long to wait" },
        { "openai", """ "kind": "status", "status": 500 """, "server" },
        { "openai", """ "kind": "status", "status": 503, "code": "server_is_overloaded" """, "server" },
        { "openai", """ "kind": "status", "status": 502 """, "no JSON" },
        { "openai", """ "kind": "hang" """, "No answer within" },
        { "openai", """ "kind": "disconnect" """, "" },
        { "openai", """ "kind": "cutBody" """, "" },
        { "openai", """ "kind": "streamError" """, "server" },
        { "openai", """ "kind": "emptyBody" """, "" },
        { "openai", """ "kind": "html" """, "" },
        { "openai", """ "kind": "babble" """, "It wrote 0 of 2 hooks" },
        { "openai", """ "kind": "cutAnswer" """, "cut off at the limit" },
        { "anthropic", """ "kind": "status", "status": 400 """, "refused" },
        { "anthropic", """ "kind": "status", "status": 401 """, "authentication_error" },
        { "anthropic", """ "kind": "status", "status": 402 """, "billing_error" },
        { "anthropic", """ "kind": "status", "status": 403 """, "refused" },
        { "anthropic", """ "kind": "status", "status": 404 """, "refused" },
        { "anthropic", """ "kind": "status", "status": 413 """, "refused" },
        { "anthropic", """ "kind": "status", "status": 429, "code": "enforced_spend_limit_reached" """, "enforced_spend_limit_reached" },
        { "anthropic", """ "kind": "status", "status": 500 """, "server" },
        { "anthropic", """ "kind": "status", "status": 529 """, "server" },
        { "anthropic", """ "kind": "streamError" """, "Overloaded" },
        { "anthropic", """ "kind": "cutBody" """, "" },
    };

    [Theory]
    [MemberData(nameof(Lasting))]
    public async Task OneModelsFailure_LeavesTheOthersAlone(string provider, string fault, string words)
    {
        await using var stage = await HookStage.StartAsync([new("broken", provider) { Keys = ["KEY_BROKEN"], More = [("Timeout", "00:00:01")] }, new("well", "openai"), new("fine", "anthropic"), new("judge", "openai")], ("Hooks:Judge", "judge"));
        stage.Fault(provider, $$"""{"handlePrefix": "model-broken", {{fault}}}""");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "broken", "well", "fine" }, hooksPerModel = 2 });

        var broken = HookStage.Model(run, "broken");
        Assert.Equal("failed", broken.GetProperty("state").GetString());
        Assert.Contains(words, broken.GetProperty("error").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.NotEmpty(broken.GetProperty("error").GetString()!);
        var hooks = HookStage.Hooks(run);
        Assert.Equal($"2 of 3 models, {hooks.Count} of {hooks.Count} hooks judged", run.GetProperty("summary").GetString());
        Assert.Equal((2, 2), (HookStage.Hooks(run, "well").Count, HookStage.Hooks(run, "fine").Count));
        Assert.Equal("completed", run.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("openai", """ "kind": "status", "status": 500 """)]
    [InlineData("openai", """ "kind": "status", "status": 503, "retryAfter": {"seconds": 1} """)]
    [InlineData("openai", """ "kind": "status", "status": 429, "code": "rate_limit_exceeded", "retryAfter": {"seconds": 0.3, "form": "fraction"} """)]
    [InlineData("openai", """ "kind": "disconnect" """)]
    [InlineData("openai", """ "kind": "cutBody" """)]
    [InlineData("openai", """ "kind": "streamError" """)]
    [InlineData("anthropic", """ "kind": "status", "status": 529 """)]
    [InlineData("anthropic", """ "kind": "streamError" """)]
    [InlineData("anthropic", """ "kind": "cutBody" """)]
    public async Task ABreakThatPasses_IsTriedAgain_ForWhatIsMissingOnly(string provider, string fault)
    {
        await using var stage = await HookStage.StartAsync([new("shaky", provider), new("judge", "openai") { Keys = ["JUDGE_KEY"] }], ("Hooks:Judge", "judge"));
        stage.Fault(provider, $$"""{"operation": "generate", "nextCalls": 1, {{fault}}}""");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "shaky" }, hooksPerModel = 6 });

        Assert.Equal("1 of 1 models, 6 of 6 hooks judged", run.GetProperty("summary").GetString());
        Assert.Equal(Enumerable.Range(1, 6), HookStage.Hooks(run).Select(hook => hook.GetProperty("no").GetInt32()).Order());
        // The simulator numbers what a model writes: after a break it was asked to go on where it stopped.
        Assert.All(HookStage.Hooks(run), hook => Assert.EndsWith($"(model-shaky, {hook.GetProperty("no").GetInt32()})", hook.GetProperty("text").GetString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("rate_limit_exceeded")]
    [InlineData("slow_down")]
    public async Task ALimitThatLasts_IsWaitedFor_AndThenFailsInWords(string code)
    {
        await using var stage = await HookStage.StartAsync([new("busy", "openai"), new("free", "anthropic")], ("Hooks:Judge", "free"), ("Hooks:Patience", "00:00:03"));
        stage.Fault("openai", $$"""{"kind": "status", "status": 429, "code": "{{code}}", "retryAfter": {"seconds": 1} }""");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "busy", "free" }, hooksPerModel = 1 });

        Assert.Equal("1 of 2 models, 1 of 1 hooks judged", run.GetProperty("summary").GetString());
        Assert.Contains("It waited for more than", HookStage.Model(run, "busy").GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.InRange(stage.Host.Simulator.Journal("openai").Calls, 1, 4);
    }

    [Fact]
    public async Task ACancelledRun_KeepsWhatIsWritten_AndGivesItsCallsUp()
    {
        await using var stage = await HookStage.StartAsync();
        stage.Host.Simulator.Change("""{"upstreams": {"openai": {"chat": {"tokensPerSecond": 30}}}}""");
        var id = await stage.BeginAsync(new { topic = "weekly planning", models = new[] { "a" }, hooksPerModel = 10 });
        await WebHost.UntilAsync("a hook is written", async () => HookStage.Hooks(await stage.LookAsync(id)).Count > 0);

        await stage.Program.PostAsync($"/api/jobs/{id}/cancel");
        var run = await stage.EndAsync(id);

        Assert.Equal("stopped", HookStage.Model(run, "a").GetProperty("state").GetString());
        Assert.NotEmpty(HookStage.Hooks(run));
        await WebHost.UntilAsync("its calls are given up", () => Task.FromResult(stage.Host.Simulator.Journal("openai").InFlight == 0));
    }

    [Fact]
    public async Task AnExhaustedAccount_StopsAllModelsOfItsKey_AndIsAskedOnce()
    {
        await using var stage = await HookStage.StartAsync([new("one", "openai"), new("two", "openai"), new("other", "anthropic")], ("Hooks:Judge", "other"));
        stage.Host.Simulator.Change("""{"upstreams": {"openai": {"chat": {"keys": {"simulated-OPENAI_KEY": {"exhausted": true}}}}}}""");

        await stage.RunAsync(new { topic = "first", models = new[] { "one" }, hooksPerModel = 1 });
        var run = await stage.RunAsync(new { topic = "second", models = new[] { "one", "two", "other" }, hooksPerModel = 1 });

        Assert.Equal("1 of 3 models, 1 of 1 hooks judged", run.GetProperty("summary").GetString());
        Assert.Contains("OPENAI_KEY is set aside (insufficient_quota", HookStage.Model(run, "two").GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, stage.Host.Simulator.Journal("openai").Calls);
        var health = (await stage.Program.GetAsync("/api/hooks/models")).Json[1];
        Assert.Equal(("two", "down"), (health.GetProperty("id").GetString(), health.GetProperty("health").GetString()));
    }

    [Fact]
    public async Task AJudgeThatFails_LeavesTheScoreOut_AndSaysWhy()
    {
        await using var stage = await HookStage.StartAsync();
        stage.Fault("openai", """{"operation": "judge", "everyNth": 3, "kind": "status", "status": 400, "code": "context_length_exceeded"}""");

        var run = await stage.RunAsync(new { topic = "weekly planning", models = new[] { "a", "d" }, hooksPerModel = 3 });

        Assert.Equal("2 of 2 models, 4 of 6 hooks judged", run.GetProperty("summary").GetString());
        var failed = HookStage.Hooks(run).Where(hook => hook.GetProperty("score").ValueKind == System.Text.Json.JsonValueKind.Null).ToList();
        Assert.Equal(2, failed.Count);
        Assert.All(failed, hook =>
        {
            Assert.Contains("context_length_exceeded", hook.GetProperty("error").GetString(), StringComparison.Ordinal);
            Assert.Equal(System.Text.Json.JsonValueKind.Null, hook.GetProperty("rank").ValueKind);
        });
        Assert.Equal(failed.Select(hook => hook.GetRawText()), HookStage.Hooks(run).TakeLast(2).Select(hook => hook.GetRawText()));
    }

    [Fact]
    public async Task FailedEvaluations_CanBeRetried()
    {
        await using var stage = await HookStage.StartAsync();
        stage.Fault("openai", """{"operation": "judge", "kind": "status", "status": 400}""");
        var id = await stage.BeginAsync(new { topic = "weekly planning", models = new[] { "a" }, hooksPerModel = 2 });
        Assert.Equal("1 of 1 models, 0 of 2 hooks judged", (await stage.EndAsync(id)).GetProperty("summary").GetString());
        stage.Host.Simulator.Change("""{"upstreams": {"openai": {"faults": []}}}""");

        await stage.Program.PostAsync($"/api/jobs/{id}/retry-failed");
        await WebHost.UntilAsync("all hooks are judged", async () => (await stage.LookAsync(id)).GetProperty("summary").GetString() == "1 of 1 models, 2 of 2 hooks judged");

        Assert.Equal(1, stage.Host.Simulator.Journal("openai").Operations["generate"]);
    }
}
