using System.Text.Json;
using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Tests.CodingProfiles.Platforms;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Upstreams;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Hooks;

/// <summary>One model behind its limits, over real HTTP, on a clock of the test's.</summary>
public sealed class ModelClientTests : IAsyncLifetime
{
    private static readonly ChatAsk Ask = new("Do it.", "{}", 400, 0, null, Stream: false);
    private static readonly ScriptedAnswer Verdict = ScriptedAnswer.Json("""{"choices":[{"message":{"content":"done"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}""");
    private readonly ManualTime _time = new();
    private ScriptedUpstream _upstream = null!;
    private UpstreamGates? _gates;

    public async Task InitializeAsync() => _upstream = await ScriptedUpstream.StartAsync();

    public async Task DisposeAsync()
    {
        if (_gates is not null)
        {
            await _gates.DisposeAsync();
        }

        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task CallsThatTheGateDefers_TakeNoTokens()
    {
        _upstream.Answers(ScriptedAnswer.Json("""{"error":{"type":"requests","code":"rate_limit_exceeded","message":"Slowly."}}""", 429).With("retry-after", "20"), Verdict);
        var client = Client(new() { TokensPerMinute = 5 * Ask.Weight });
        Assert.IsType<CallDeferred>(await SendAsync(client));

        for (var item = 0; item < 200; item++)
        {
            var deferred = Assert.IsType<CallDeferred>(await SendAsync(client)); // held for longer than an ask may wait
            Assert.InRange(deferred.After, TimeSpan.FromSeconds(19), TimeSpan.FromSeconds(21)); // for the hold, not for tokens
        }

        Assert.Single(_upstream.Seen);
        _time.Advance(TimeSpan.FromSeconds(21));
        for (var item = 0; item < 4; item++)
        {
            Assert.IsType<CallAnswered<ChatAnswer>>(await SendAsync(client));
        }

        Assert.Contains("tokens a minute", Assert.IsType<CallDeferred>(await SendAsync(client)).Reason, StringComparison.Ordinal); // five calls were made, the first in vain
    }

    [Fact]
    public async Task BothLimits_AreUsedInFull_MinuteByMinute()
    {
        _upstream.Answers(Verdict);
        var client = Client(new() { RequestsPerMinute = 3, TokensPerMinute = 4 * Ask.Weight });
        for (var minute = 1; minute <= 3; minute++)
        {
            for (var item = 0; item < 50; item++)
            {
                await SendAsync(client);
            }

            Assert.Equal(3 * minute, _upstream.Seen.Count); // the tighter limit decides, and those it turns away use nothing of the other
            _time.Advance(TimeSpan.FromSeconds(70));
        }
    }

    [Theory]
    [InlineData(500, "{}", false)] // the API itself says that there is nothing
    [InlineData(400, "{}", false)]
    [InlineData(200, "{}", true)] // an answer that cannot be read was written by a model all the same
    [InlineData(502, "<html>", true)] // the edge gave up waiting; the model behind it may not have
    [InlineData(403, "<html>", false)]
    public async Task OnlyWhatNoModelCanHaveWorkedOn_IsNotCharged(int status, string body, bool due)
    {
        _upstream.Answers(body == "{}" ? ScriptedAnswer.Json(body, status) : ScriptedAnswer.Html(body, status));
        var charge = new ChatCharge();

        await SendAsync(Client(new()), charge);

        Assert.Equal(due, charge.IsDue);
    }

    [Fact]
    public async Task ACallWithoutAConnection_IsNotCharged_AndTakesNoTokens()
    {
        await _upstream.DisposeAsync();
        var client = Client(new() { TokensPerMinute = Ask.Weight, Attempts = 5 });
        for (var call = 0; call < 3; call++)
        {
            var charge = new ChatCharge();
            Assert.DoesNotContain("tokens a minute", Assert.IsType<CallDeferred>(await SendAsync(client, charge)).Reason, StringComparison.Ordinal);
            Assert.False(charge.IsDue);
        }
    }

    [Fact]
    public async Task AModelThatReasons_HasRoomToThink_WhereverItsAnswerIsCounted()
    {
        var model = Model(new() { ReasoningTokens = 5000 });

        var asked = Ask.For(model);

        Assert.Equal((5400, Ask.Weight + 5000, 5400), (asked.MaxTokens, asked.Weight, asked.Most.Output));
        Assert.NotEqual(Ask.Fingerprint(model), asked.Fingerprint(model));
        using var request = new OpenAiProvider().Request(model, "key", asked);
        Assert.Equal(5400, JsonDocument.Parse(await request.Content!.ReadAsStringAsync()).RootElement.GetProperty("max_completion_tokens").GetInt32());
    }

    private static Task<CallResult> SendAsync(ModelClient client, ChatCharge? charge = null) =>
        client.AskAsync(Ask, UpstreamTests.Budget(waitSeconds: 5) with { OneTry = true }, charge ?? new ChatCharge(), _ => { }, CancellationToken.None);

    private ModelClient Client(Limits limits)
    {
        var model = Model(limits);
        _gates = UpstreamTests.Gates(_time, [.. new HookModels([model], new HookOptions(), (_, _) => "key").Upstreams]);
        return new ModelClients(new HookModels([model], new HookOptions(), (_, _) => "key"), _gates, _time).Get("m");
    }

    private HookModelOptions Model(Limits limits) => new()
    {
        Id = "m", Provider = "openai", BaseUrl = _upstream.Url, Model = "model", Keys = ["KEY"], RequestsPerMinute = limits.RequestsPerMinute, TokensPerMinute = limits.TokensPerMinute,
        ReasoningTokens = limits.ReasoningTokens, Attempts = limits.Attempts,
    };

    private sealed record Limits
    {
        public int? RequestsPerMinute { get; init; }

        public int? TokensPerMinute { get; init; }

        public int ReasoningTokens { get; init; }

        public int Attempts { get; init; } = 3;
    }
}
