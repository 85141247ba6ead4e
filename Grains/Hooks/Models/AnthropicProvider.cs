using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>Anthropic's messages. It takes no schema here: that stands in the prompt, and the answer is checked all the same.</summary>
internal sealed class AnthropicProvider : IChatProvider
{
    private const string Version = "2023-06-01";

    public HttpRequestMessage Request(HookModelOptions model, string secret, ChatAsk ask)
    {
        var body = new JsonObject
        {
            ["model"] = model.Model,
            ["system"] = ask.System,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = ask.User }),
            ["max_tokens"] = ask.MaxTokens,
            ["stream"] = ask.Stream,
        };
        if (model.SendTemperature)
        {
            body["temperature"] = Math.Min(1, ask.Temperature);
        }

        return new HttpRequestMessage(HttpMethod.Post, $"{model.BaseUrl.ToString().TrimEnd('/')}/v1/messages")
        {
            Headers = { { "x-api-key", secret }, { "anthropic-version", Version } },
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
    }

    public async Task<CallResult> ReadStreamAsync(HookModelOptions model, Stream body, Action<string> onText, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var usage = default(ChatUsage);
        string? stop = null;
        await foreach (var happened in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            if (happened.EventType is not ("message_start" or "content_block_delta" or "message_delta" or "message_stop" or "error"))
            {
                continue; // ping, and what may come yet
            }

            using var document = JsonDocument.Parse(happened.Data);
            var root = document.RootElement;
            switch (happened.EventType)
            {
                case "message_start":
                    usage = new ChatUsage(root.Object("message")?.Object("usage")?.Number("input_tokens") ?? 0, 0);
                    break;
                case "content_block_delta" when root.Object("delta") is { } delta && delta.Text("type") == "text_delta" && delta.Text("text") is { Length: > 0 } piece:
                    text.Append(piece);
                    onText(piece);
                    break;
                case "message_delta":
                    stop = root.Object("delta")?.Text("stop_reason") ?? stop;
                    usage = usage with { Output = root.Object("usage")?.Number("output_tokens") ?? usage.Output };
                    break;
                case "message_stop":
                    return new CallAnswered<ChatAnswer>(new ChatAnswer(text.ToString(), usage, End(stop)));
                case "error":
                    return Fault(0, root.Object("error")).Result(model, null);
            }
        }

        return new CallTroubled($"{model.Id}: answer cut off", "The stream ended before the model had said that it was done.");
    }

    public CallResult ReadWhole(HookModelOptions model, ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        if (!root.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
        {
            return new CallGarbled($"{model.Id}: answer without content", "The answer has no content.");
        }

        var text = string.Concat(content.EnumerateArray().Where(block => block.Text("type") == "text").Select(block => block.Text("text")));
        var usage = root.Object("usage") is { } counted ? new ChatUsage(counted.Number("input_tokens"), counted.Number("output_tokens")) : default;
        return new CallAnswered<ChatAnswer>(new ChatAnswer(text, usage, End(root.Text("stop_reason"))));
    }

    public ChatFault ReadFault(int status, ReadOnlySpan<byte> json)
    {
        using var document = ChatFields.TryParse(json);
        return Fault(status, document?.RootElement.Object("error"));
    }

    public ChatRemainders Remainders(HttpResponseMessage response, DateTimeOffset now) => new(
        Remainder(response, "requests", now),
        ChatFields.Tighter(Remainder(response, "tokens", now), ChatFields.Tighter(Remainder(response, "input-tokens", now), Remainder(response, "output-tokens", now))));

    private static ChatRemainder? Remainder(HttpResponseMessage response, string of, DateTimeOffset now) =>
        ChatFields.Remainder(response, $"anthropic-ratelimit-{of}-remaining", $"anthropic-ratelimit-{of}-reset", now);

    /// <param name="status">0: the error came in the middle of a stream.</param>
    private static ChatFault Fault(int status, JsonElement? error)
    {
        var type = error?.Text("type");
        var detail = error?.Object("details")?.Text("error_code");
        var kind = (status, type, detail) switch
        {
            (_, _, "enforced_spend_limit_reached") or (_, "authentication_error" or "billing_error", _) or (401 or 402, _, _) => ChatFaultKind.KeyRefused,
            (_, "rate_limit_error", _) or (429, _, _) => ChatFaultKind.Throttled,
            (_, "api_error" or "timeout_error" or "overloaded_error", _) or ( >= 500, _, _) or (408 or 409, _, _) or (0, null, _) => ChatFaultKind.Trouble,
            _ => ChatFaultKind.Final,
        };
        return new ChatFault(kind, detail ?? type ?? $"HTTP {status}", error.Message(status));
    }

    private static ChatEnd End(string? stop) => stop switch
    {
        "max_tokens" => ChatEnd.Cut,
        "refusal" => ChatEnd.Declined,
        _ => ChatEnd.Whole,
    };
}
