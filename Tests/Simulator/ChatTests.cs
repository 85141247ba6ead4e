using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator;

namespace OrleansBulk.Tests.Simulator;

/// <summary>The two chat upstreams: formats, streaming, errors, keys with limits of their own.</summary>
public sealed class ChatTests
{
    private const string Messages = """[{"role":"system","content":"Write hooks."},{"role":"user","content":"{\"topic\": \"tea\", \"hooksWanted\": 2, \"alreadyWritten\": []}"}]""";

    [Fact]
    public async Task OpenAi_StreamsTokens_ThenUsage_ThenDone()
    {
        var clock = new ManualClock();
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 100, "tokensPerSecond": 200}}}}""", clock);

        var streaming = StreamAsync(simulator, "openai", $$"""{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":{{Messages}}}""");
        var took = 0;
        while (await MoreAsync())
        {
            clock.Advance(TimeSpan.FromMilliseconds(1));
            took++;
        }

        var (response, events) = await streaming;

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("[DONE]", events[^1].Data);
        var chunks = events.SkipLast(1).Select(seen => JsonDocument.Parse(seen.Data).RootElement).ToList();
        Assert.All(chunks, chunk => Assert.Equal("chat.completion.chunk", chunk.GetProperty("object").GetString()));
        var text = string.Concat(chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()).Select(choice => choice.GetProperty("delta").TryGetProperty("content", out var piece) ? piece.GetString() : ""));
        Assert.Equal(2, text.Split("</hook>").Length - 1);
        var tokens = chunks[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        Assert.Equal("stop", chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.InRange(took, 100 + (tokens - 1) * 5, 100 + tokens * 5);

        async Task<bool> MoreAsync()
        {
            await Eventually.Async(() => clock.Waiting > 0 || streaming.IsCompleted, "the next token");
            return !streaming.IsCompleted;
        }
    }

    [Fact]
    public async Task Anthropic_StreamsNamedEvents()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"anthropic": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}}}""");

        var (_, events) = await StreamAsync(simulator, "anthropic", """{"model":"m","max_tokens":500,"stream":true,"system":"Write hooks.","messages":[{"role":"user","content":"{\"topic\": \"tea\", \"hooksWanted\": 1}"}]}""");

        Assert.Equal(["message_start", "content_block_start", "ping"], events.Take(3).Select(seen => seen.EventType));
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], events.TakeLast(3).Select(seen => seen.EventType));
        Assert.Equal("end_turn", JsonDocument.Parse(events[^2].Data).RootElement.GetProperty("delta").GetProperty("stop_reason").GetString());
    }

    [Fact]
    public async Task TheSameQuestion_HasTheSameAnswer_AndAnotherSeedAnotherOne()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}}}""");
        var ask = $$"""{"model":"m","messages":{{Messages}}}""";

        var (first, again) = (await AskAsync(simulator, "openai", ask), await AskAsync(simulator, "openai", ask));
        simulator.Change("""{"seed": 2}""");
        var other = await AskAsync(simulator, "openai", ask);

        Assert.Equal(first.Text, again.Text);
        Assert.NotEqual(first.Text, other.Text);
    }

    [Fact]
    public async Task AKey_HasItsOwnLimits_InHeaders_AndIsRefusedBeyondThem()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0, "keys": {"simulated-small": {"requestsPerMinute": 2, "tokensPerMinute": 100000}}}}}}""");
        var ask = $$"""{"model":"m","max_tokens":100,"messages":{{Messages}}}""";

        var answers = new[] { await AskAsync(simulator, "openai", ask, "simulated-small"), await AskAsync(simulator, "openai", ask, "simulated-small"), await AskAsync(simulator, "openai", ask, "simulated-small"), await AskAsync(simulator, "openai", ask, "simulated-other") };

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK], answers.Select(answer => answer.Status));
        Assert.Equal(["1", "0", "0"], answers.Take(3).Select(answer => answer.Header("x-ratelimit-remaining-requests")));
        Assert.Equal("2", answers[0].Header("x-ratelimit-limit-requests"));
        Assert.EndsWith("s", answers[0].Header("x-ratelimit-reset-requests"), StringComparison.Ordinal);
        Assert.NotNull(answers[2].Header("retry-after"));
        Assert.Null(answers[3].Header("x-ratelimit-limit-requests"));
        Assert.Equal("rate_limit_exceeded", answers[2].Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal((3, 1), (simulator.Journal("openai").Tokens["simulated-small"], simulator.Journal("openai").Tokens["simulated-other"]));
    }

    [Fact]
    public async Task ARealKey_IsMaskedInTheJournal()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 0, "tokensPerSecond": 0}}}}""");
        foreach (var key in new[] { "sk-proj-0123456789", "sk-proj-0123456789", "sk-proj-9876543210" })
        {
            await AskAsync(simulator, "openai", $$"""{"model":"m","max_tokens":100,"messages":{{Messages}}}""", key);
        }

        var tokens = simulator.Journal("openai").Tokens;

        Assert.Equal([1, 2], tokens.Values.Order());
        Assert.All(tokens.Keys, token => Assert.Matches("^masked-[0-9a-f]{8}$", token));
    }

    [Fact]
    public async Task ABodyWithoutAKey_OrAModelThatIsNone_IsAnErrorInTheProvidersWords()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"unknownModels": ["gone"]}}, "anthropic": {"chat": {"unknownModels": ["gone"]}}}}""");

        var openAi = await AskAsync(simulator, "openai", $$"""{"model":"gone","messages":{{Messages}}}""");
        var anthropic = await AskAsync(simulator, "anthropic", """{"model":"gone","max_tokens":5,"messages":[{"role":"user","content":"x"}]}""");
        var noKey = await AskAsync(simulator, "openai", "{}", key: null);
        var wrong = await AskAsync(simulator, "openai", "{}");

        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (openAi.Status, openAi.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.Equal((HttpStatusCode.NotFound, "not_found_error"), (anthropic.Status, anthropic.Json.GetProperty("error").GetProperty("type").GetString()));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.BadRequest), (noKey.Status, wrong.Status));
    }

    private static async Task<(HttpResponseMessage Response, List<SseItem<string>> Events)> StreamAsync(RunningSimulator simulator, string host, string body)
    {
        using var http = new HttpClient();
        using var request = Request(simulator, host, body, "key");
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var events = new List<SseItem<string>>();
        await foreach (var seen in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            events.Add(seen);
        }

        return (response, events);
    }

    private static async Task<Answer> AskAsync(RunningSimulator simulator, string host, string body, string? key = "key")
    {
        using var http = new HttpClient();
        using var request = Request(simulator, host, body, key);
        using var response = await http.SendAsync(request);
        return new Answer(response.StatusCode, response.Headers, await response.Content.ReadAsStringAsync());
    }

    private static HttpRequestMessage Request(RunningSimulator simulator, string host, string body, string? key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, $"{simulator.Url(host)}/v1/{(host == "openai" ? "chat/completions" : "messages")}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("anthropic-version", "2023-06-01");
        if (key is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return request;
    }

    private sealed record Answer(HttpStatusCode Status, HttpResponseHeaders Headers, string Text)
    {
        public JsonElement Json => JsonDocument.Parse(Text).RootElement;

        public string? Header(string name) => Headers.TryGetValues(name, out var values) ? values.First() : null;
    }
}
