using System.Text;
using System.Text.Json;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Hooks;

/// <summary>The two wire formats: what is sent, and what is made of what comes back.</summary>
public sealed class ChatProviderTests
{
    private static readonly HookModelOptions OpenAiModel = new() { Id = "m", Provider = "openai", BaseUrl = new Uri("http://api.test"), Model = "gpt-test", Keys = ["KEY"] };
    private static readonly HookModelOptions AnthropicModel = OpenAiModel with { Provider = "anthropic", Model = "claude-test" };
    private static readonly ChatAsk Ask = new("Do it.", "{\"a\": 1}", 100, 0.5, """{"type":"object"}""", Stream: true);

    [Fact]
    public async Task OpenAi_IsAskedAsItsReferenceSays()
    {
        using var request = new OpenAiProvider().Request(OpenAiModel, "sk-1", Ask);
        var body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync()).RootElement;

        Assert.Equal("http://api.test/v1/chat/completions", request.RequestUri!.ToString());
        Assert.Equal("Bearer sk-1", request.Headers.Authorization!.ToString());
        Assert.Equal(("gpt-test", 100, true), (body.GetProperty("model").GetString(), body.GetProperty("max_completion_tokens").GetInt32(), body.GetProperty("stream").GetBoolean()));
        Assert.True(body.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal(["system", "user"], body.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("role").GetString()));
        Assert.Equal(("json_schema", true), (body.GetProperty("response_format").GetProperty("type").GetString(), body.GetProperty("response_format").GetProperty("json_schema").GetProperty("strict").GetBoolean()));
    }

    [Fact]
    public async Task AServerThatIsOnlyCompatible_IsAskedInItsWay()
    {
        using var request = new OpenAiProvider().Request(OpenAiModel with { OldMaxTokens = true, SendTemperature = false, StructuredOutput = false }, "sk-1", Ask);
        var body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync()).RootElement;

        Assert.Equal(100, body.GetProperty("max_tokens").GetInt32());
        Assert.False(body.TryGetProperty("temperature", out _) || body.TryGetProperty("response_format", out _) || body.TryGetProperty("max_completion_tokens", out _));
    }

    [Fact]
    public async Task Anthropic_IsAskedAsItsReferenceSays()
    {
        using var request = new AnthropicProvider().Request(AnthropicModel, "sk-2", Ask);
        var body = JsonDocument.Parse(await request.Content!.ReadAsStringAsync()).RootElement;

        Assert.Equal("http://api.test/v1/messages", request.RequestUri!.ToString());
        Assert.Equal(("sk-2", "2023-06-01"), (request.Headers.GetValues("x-api-key").Single(), request.Headers.GetValues("anthropic-version").Single()));
        Assert.Equal(("Do it.", 100), (body.GetProperty("system").GetString(), body.GetProperty("max_tokens").GetInt32()));
        Assert.Equal("user", body.GetProperty("messages")[0].GetProperty("role").GetString());
    }

    [Fact]
    public async Task AStream_WithCommentsAndUnknownMembers_IsReadForItsText()
    {
        const string stream = """
            : keep-alive

            data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"obfuscation":"aX7","usage":null}

            data: {"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}],"usage":null}

            : keep-alive
            data: {"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}

            data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

            data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}

            data: [DONE]


            """;
        var pieces = new List<string>();

        var answer = Answer(await new OpenAiProvider().ReadStreamAsync(OpenAiModel, Body(stream), pieces.Add, CancellationToken.None));

        Assert.Equal(["Hel", "lo"], pieces);
        Assert.Equal(("Hello", new ChatUsage(9, 2), ChatEnd.Whole), (answer.Text, answer.Usage, answer.End));
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"},\"finish_reason\":null}]}\n\n")]
    [InlineData("")]
    [InlineData("data: [DONE]\n\n")]
    public async Task AStreamThatEndsTooSoon_IsNoAnswer(string stream)
    {
        Assert.IsType<CallTroubled>(await new OpenAiProvider().ReadStreamAsync(OpenAiModel, Body(stream), _ => { }, CancellationToken.None));
        Assert.IsType<CallTroubled>(await new AnthropicProvider().ReadStreamAsync(AnthropicModel, Body("event: ping\ndata: {\"type\":\"ping\"}\n\n"), _ => { }, CancellationToken.None));
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":null,"refusal":"I will not."},"finish_reason":"stop"}]}""", ChatEnd.Declined, "I will not.")]
    [InlineData("""{"choices":[{"message":{"content":"half"},"finish_reason":"length"}]}""", ChatEnd.Cut, "half")]
    [InlineData("""{"choices":[{"message":{"content":"half \ud83d"},"finish_reason":"length"}]}""", ChatEnd.Cut, "half \ufffd")]
    [InlineData("""{"choices":[{"message":{"content":"all"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}""", ChatEnd.Whole, "all")]
    public void AnAnswer_SaysWhyItEnded(string json, ChatEnd end, string text)
    {
        var answer = Answer(new OpenAiProvider().ReadWhole(OpenAiModel, Encoding.UTF8.GetBytes(json)));

        Assert.Equal((end, text), (answer.End, answer.Text));
    }

    [Theory]
    [InlineData("end_turn", ChatEnd.Whole)]
    [InlineData("max_tokens", ChatEnd.Cut)]
    [InlineData("refusal", ChatEnd.Declined)]
    public void AnthropicsAnswer_SaysWhyItEnded(string reason, ChatEnd end)
    {
        var answer = Answer(new AnthropicProvider().ReadWhole(AnthropicModel, Encoding.UTF8.GetBytes($$"""{"content":[{"type":"text","text":"a"},{"type":"thinking"},{"type":"text","text":"b"}],"stop_reason":"{{reason}}","usage":{"input_tokens":5,"output_tokens":2} }""")));

        Assert.Equal((end, "ab", new ChatUsage(5, 2)), (answer.End, answer.Text, answer.Usage));
    }

    [Theory]
    [InlineData(401, "invalid_request_error", "invalid_api_key", "KeyRefused")]
    [InlineData(400, "invalid_request_error", "context_length_exceeded", "Final")]
    [InlineData(403, null, "unsupported_country_region_territory", "Final")]
    [InlineData(404, "invalid_request_error", "model_not_found", "Final")]
    [InlineData(429, "requests", "rate_limit_exceeded", "Throttled")]
    [InlineData(429, "tokens", "rate_limit_exceeded", "Throttled")]
    [InlineData(429, "rate_limit_error", "slow_down", "Throttled")]
    [InlineData(429, null, null, "Throttled")]
    [InlineData(429, "insufficient_quota", "insufficient_quota", "KeyRefused")]
    [InlineData(429, "insufficient_quota", null, "KeyRefused")]
    [InlineData(429, null, "credit_balance_exhausted", "KeyRefused")]
    [InlineData(408, null, null, "Trouble")]
    [InlineData(409, null, null, "Trouble")]
    [InlineData(500, "server_error", null, "Trouble")]
    [InlineData(503, "service_unavailable_error", "server_is_overloaded", "Trouble")]
    public void OpenAisErrors_AreToldApartByCodeAndType_NeverByText(int status, string? type, string? code, string kind)
    {
        foreach (var message in new[] { "You exceeded your current quota, please check your plan and billing details.", "Rate limit reached.", "Incorrect API key provided.", "" })
        {
            Assert.Equal(kind, new OpenAiProvider().ReadFault(status, JsonSerializer.SerializeToUtf8Bytes(new { error = new { message, type, code } })).Kind.ToString());
        }
    }

    [Theory]
    [InlineData(400, "invalid_request_error", null, "Final")]
    [InlineData(401, "authentication_error", null, "KeyRefused")]
    [InlineData(402, "billing_error", null, "KeyRefused")]
    [InlineData(403, "permission_error", null, "Final")]
    [InlineData(404, "not_found_error", null, "Final")]
    [InlineData(413, "request_too_large", null, "Final")]
    [InlineData(429, "rate_limit_error", null, "Throttled")]
    [InlineData(429, "rate_limit_error", "enforced_spend_limit_reached", "KeyRefused")]
    [InlineData(500, "api_error", null, "Trouble")]
    [InlineData(504, "timeout_error", null, "Trouble")]
    [InlineData(529, "overloaded_error", null, "Trouble")]
    public void AnthropicsErrors_AreToldApartByType_NeverByText(int status, string type, string? detail, string kind)
    {
        foreach (var message in new[] { "Your credit balance is too low.", "This request would exceed your rate limit.", "" })
        {
            Assert.Equal(kind, new AnthropicProvider().ReadFault(status, JsonSerializer.SerializeToUtf8Bytes(new { type = "error", error = new { type, message, details = detail is null ? null : new { error_code = detail } } })).Kind.ToString());
        }
    }

    [Theory]
    [InlineData("59", "1s", 59L, 1.0)]
    [InlineData("0", "6m0s", 0L, 360.0)]
    [InlineData("3", "120ms", 3L, 0.12)]
    [InlineData("7", "20", 7L, 20.0)] // Azure: plain seconds
    [InlineData("-1", "0", null, null)] // Azure: it does not know
    [InlineData("many", "soon", null, null)]
    [InlineData(null, null, null, null)]
    public void WhatIsLeft_IsReadFromHeaders_AndNonsenseIsPassedOver(string? left, string? reset, long? count, double? seconds)
    {
        using var response = new HttpResponseMessage();
        if (left is not null)
        {
            response.Headers.TryAddWithoutValidation("x-ratelimit-remaining-requests", left);
            response.Headers.TryAddWithoutValidation("x-ratelimit-reset-requests", reset);
        }

        var remainder = new OpenAiProvider().Remainders(response, DateTimeOffset.UnixEpoch).Requests;

        Assert.Equal((count, seconds), (remainder?.Left, remainder?.ResetIn.TotalSeconds));
    }

    [Fact]
    public void TheTighterLimit_Counts()
    {
        using var openAi = new HttpResponseMessage();
        openAi.Headers.Add("x-ratelimit-remaining-tokens", "149984");
        openAi.Headers.Add("x-ratelimit-reset-tokens", "6m0s");
        openAi.Headers.Add("x-ratelimit-remaining-project-tokens", "57");
        openAi.Headers.Add("x-ratelimit-reset-project-tokens", "3s");
        using var anthropic = new HttpResponseMessage();
        anthropic.Headers.Add("anthropic-ratelimit-input-tokens-remaining", "900");
        anthropic.Headers.Add("anthropic-ratelimit-input-tokens-reset", "1970-01-01T00:00:30Z");
        anthropic.Headers.Add("anthropic-ratelimit-output-tokens-remaining", "80");
        anthropic.Headers.Add("anthropic-ratelimit-output-tokens-reset", "1970-01-01T00:00:45Z");

        Assert.Equal((57, 3), (new OpenAiProvider().Remainders(openAi, DateTimeOffset.UnixEpoch).Tokens!.Value.Left, new OpenAiProvider().Remainders(openAi, DateTimeOffset.UnixEpoch).Tokens!.Value.ResetIn.TotalSeconds));
        Assert.Equal((80, 45), (new AnthropicProvider().Remainders(anthropic, DateTimeOffset.UnixEpoch).Tokens!.Value.Left, new AnthropicProvider().Remainders(anthropic, DateTimeOffset.UnixEpoch).Tokens!.Value.ResetIn.TotalSeconds));
    }

    private static MemoryStream Body(string text) => new(Encoding.UTF8.GetBytes(text));

    private static ChatAnswer Answer(CallResult result) => Assert.IsType<CallAnswered<ChatAnswer>>(result).Value;
}
