using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Chat;

/// <summary>api.openai.com, and all who speak like it: chat completions.</summary>
internal sealed class OpenAiUpstream() : ChatUpstream(Platforms.OpenAi)
{
    private const string Host = "openai";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Post(Host, "v1/chat/completions", ReadAsync);
        routes.Otherwise(Host, http => Error(404, "unknown_url", $"Unknown request URL: {http.Request.Method} {http.Request.Path}."));
    }

    protected override string ErrorFrame => """
        data: {"error":{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}}


        """;

    protected override Reply OutOfMoney() => Error(429, "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.");

    protected override Reply Error(int status, string? code, string message) => Reply.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", (status, code) switch
        {
            (429, "insufficient_quota" or "credit_balance_exhausted") => "insufficient_quota",
            (429, "slow_down") => "rate_limit_error",
            (429, _) => "requests",
            (503, _) => "service_unavailable_error",
            ( >= 500, _) => "server_error",
            _ => "invalid_request_error",
        });
        json.WriteNull("param");
        if ((code ?? (status == 401 ? "invalid_api_key" : null)) is { } known) json.WriteString("code", known);
        else json.WriteNull("code");
        json.WriteEndObject();
        json.WriteEndObject();
    });

    protected override IReadOnlyList<(string Name, string Value)> Headers(ChatAllowance allowance, DateTimeOffset now)
    {
        var headers = new List<(string, string)> { ("x-request-id", Guid.CreateVersion7(now).ToString("N")), ("openai-version", "2020-10-01") };
        Add("requests", allowance.Requests);
        Add("tokens", allowance.Tokens);
        return headers;

        void Add(string of, ChatRemainder? remainder)
        {
            if (remainder is not { } left) return;
            headers.Add(($"x-ratelimit-limit-{of}", left.Limit.ToString()));
            headers.Add(($"x-ratelimit-remaining-{of}", left.Remaining.ToString()));
            headers.Add(($"x-ratelimit-reset-{of}", Duration(left.FullIn)));
        }
    }

    protected override Reply Write(ChatRequest request, ChatTokens answer, ChatScenario chat)
    {
        var finish = answer.Cut ? "length" : "stop";
        if (!request.Stream)
        {
            return ChatReply.Whole(Reply.JsonText(200, JsonSerializer.Serialize(new
            {
                id = "chatcmpl-simulated", @object = "chat.completion", created = 1741569952, model = request.Model,
                choices = new[] { new { index = 0, message = new { role = "assistant", content = answer.Text, refusal = (string?)null }, finish_reason = finish } },
                usage = Usage(request, answer),
            })), answer.Tokens.Count, chat, request.Model);
        }

        var frames = answer.Tokens.Select(token => Chunk(request, new { content = token }, null)).ToList();
        frames.Insert(0, Chunk(request, new { role = "assistant", content = "" }, null));
        frames[^1] += Chunk(request, new { }, finish)
            + (request.WithUsage ? Frame(new { id = "chatcmpl-simulated", @object = "chat.completion.chunk", model = request.Model, choices = Array.Empty<object>(), usage = Usage(request, answer) }) : "")
            + "data: [DONE]\n\n";
        return ChatReply.Streamed(frames, chat, request.Model);
    }

    private static string Chunk(ChatRequest request, object delta, string? finish) => Frame(new
    {
        id = "chatcmpl-simulated", @object = "chat.completion.chunk", created = 1741569952, model = request.Model, usage = (object?)null,
        choices = new[] { new { index = 0, delta, finish_reason = finish } },
    });

    private static object Usage(ChatRequest request, ChatTokens answer) =>
        new { prompt_tokens = request.PromptTokens, completion_tokens = answer.Tokens.Count, total_tokens = request.PromptTokens + answer.Tokens.Count };

    private static string Frame(object data) => $"data: {JsonSerializer.Serialize(data)}\n\n";

    /// <summary>As Go writes durations: <c>120ms</c>, <c>1.5s</c>, <c>6m0s</c>.</summary>
    private static string Duration(TimeSpan span) => span < TimeSpan.FromSeconds(1) ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0}ms")
        : span < TimeSpan.FromMinutes(1) ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###}s")
        : string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalMinutes}m{span.Seconds}s");
}
