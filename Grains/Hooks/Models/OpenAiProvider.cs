using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>Chat completions: OpenAI, and all who speak like it.</summary>
internal sealed class OpenAiProvider : IChatProvider
{
    public HttpRequestMessage Request(HookModelOptions model, string secret, ChatAsk ask)
    {
        var body = new JsonObject
        {
            ["model"] = model.Model,
            ["messages"] = new JsonArray(Message("system", ask.System), Message("user", ask.User)),
            [model.OldMaxTokens ? "max_tokens" : "max_completion_tokens"] = ask.MaxTokens,
            ["stream"] = ask.Stream,
        };
        if (model.SendTemperature)
        {
            body["temperature"] = ask.Temperature;
        }

        if (ask.Stream)
        {
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        }

        if (ask.Schema is { } schema && model.UsesSchema)
        {
            body["response_format"] = new JsonObject
            {
                ["type"] = "json_schema",
                ["json_schema"] = new JsonObject { ["name"] = "answer", ["strict"] = true, ["schema"] = JsonNode.Parse(schema) },
            };
        }

        return new HttpRequestMessage(HttpMethod.Post, $"{model.BaseUrl.ToString().TrimEnd('/')}/v1/chat/completions")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", secret) },
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };

        static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
    }

    public async Task<CallResult> ReadStreamAsync(HookModelOptions model, Stream body, Action<string> onText, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var usage = default(ChatUsage);
        string? finish = null;
        await foreach (var happened in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            if (happened.Data == "[DONE]")
            {
                break;
            }

            using var document = JsonDocument.Parse(happened.Data);
            var root = document.RootElement;
            if (root.Object("error") is { } error)
            {
                return Fault(0, error).Result(model, null);
            }

            usage = UsageOf(root) ?? usage;
            if (root.TryGetProperty("choices", out var choices) && choices is { ValueKind: JsonValueKind.Array } && choices.GetArrayLength() > 0)
            {
                finish = choices[0].Text("finish_reason") ?? finish;
                if (choices[0].Object("delta")?.Text("content") is { Length: > 0 } piece)
                {
                    text.Append(piece);
                    onText(piece);
                }
            }
        }

        return finish is null
            ? new CallTroubled($"{model.Id}: answer cut off", "The stream ended before the model had said that it was done.")
            : new CallAnswered<ChatAnswer>(new ChatAnswer(text.ToString(), usage, End(finish)));
    }

    public CallResult ReadWhole(HookModelOptions model, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (!root.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0 || choices[0].Object("message") is not { } message)
        {
            return new CallGarbled($"{model.Id}: answer without a message", "The answer has no choices[0].message.");
        }

        var end = message.Text("refusal") is not null ? ChatEnd.Declined : End(choices[0].Text("finish_reason"));
        return new CallAnswered<ChatAnswer>(new ChatAnswer(message.Text("refusal") ?? message.Text("content") ?? "", UsageOf(root) ?? default, end));
    }

    public ChatFault ReadFault(int status, ReadOnlySpan<byte> json)
    {
        using var document = ChatFields.TryParse(json);
        return Fault(status, document?.RootElement.Object("error"));
    }

    public ChatRemainders Remainders(HttpResponseMessage response, DateTimeOffset now) => new(
        ChatFields.Remainder(response, "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", now),
        ChatFields.Tighter(
            ChatFields.Remainder(response, "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", now),
            ChatFields.Remainder(response, "x-ratelimit-remaining-project-tokens", "x-ratelimit-reset-project-tokens", now)));

    /// <param name="status">0: the error came in the middle of a stream.</param>
    private static ChatFault Fault(int status, JsonElement? error)
    {
        var (type, code) = (error?.Text("type"), error?.Text("code"));
        var name = code ?? type ?? $"HTTP {status}";
        var kind = (status, type, code) switch
        {
            (_, "insufficient_quota", _) or (_, _, "insufficient_quota" or "credit_balance_exhausted" or "invalid_api_key") => ChatFaultKind.KeyRefused,
            (401, _, _) => ChatFaultKind.KeyRefused,
            (_, _, "rate_limit_exceeded" or "slow_down") or (_, "rate_limit_error", _) or (429, _, _) => ChatFaultKind.Throttled,
            ( >= 500, _, _) or (408 or 409, _, _) or (0, "server_error" or "service_unavailable_error" or null, _) => ChatFaultKind.Trouble,
            _ => ChatFaultKind.Final,
        };
        return new ChatFault(kind, name, error.Message(status));
    }

    private static ChatUsage? UsageOf(JsonElement root) => root.Object("usage") is { } usage ? new ChatUsage(usage.Number("prompt_tokens"), usage.Number("completion_tokens")) : null;

    private static ChatEnd End(string? finish) => finish switch
    {
        "length" => ChatEnd.Cut,
        "content_filter" => ChatEnd.Declined,
        _ => ChatEnd.Whole,
    };
}
