using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Chat;

/// <summary>api.anthropic.com: messages.</summary>
internal sealed class AnthropicUpstream() : ChatUpstream(Platforms.Anthropic)
{
    private const string Host = "anthropic";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Post(Host, "v1/messages", async http => string.IsNullOrEmpty(http.Request.Headers["anthropic-version"])
            ? Question.Wrong("chat", Error(400, null, "anthropic-version: header is required"))
            : await ReadAsync(http));
        routes.Otherwise(Host, _ => Error(404, null, "Not found"));
    }

    protected override string ErrorFrame => Frame("error", new { type = "error", error = new { type = "overloaded_error", message = "Overloaded" } });

    protected override Reply OutOfMoney() => Reply.JsonText(429, """
        {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed the spend limit of your organization.","details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_simulated"}
        """);

    protected override Reply Error(int status, string? code, string message) => code == "enforced_spend_limit_reached" ? OutOfMoney() : Reply.JsonText(status, JsonSerializer.Serialize(new
    {
        type = "error",
        error = new
        {
            type = status switch
            {
                400 => "invalid_request_error",
                401 => "authentication_error",
                402 => "billing_error",
                403 => "permission_error",
                404 => "not_found_error",
                413 => "request_too_large",
                429 => "rate_limit_error",
                504 => "timeout_error",
                529 => "overloaded_error",
                _ => "api_error",
            },
            message,
        },
        request_id = "req_simulated",
    }));

    protected override IReadOnlyList<(string Name, string Value)> Headers(ChatAllowance allowance, DateTimeOffset now)
    {
        var headers = new List<(string, string)> { ("request-id", $"req_{Guid.CreateVersion7(now):N}") };
        Add("requests", allowance.Requests);
        Add("tokens", allowance.Tokens);
        return headers;

        void Add(string of, ChatRemainder? remainder)
        {
            if (remainder is not { } left) return;
            headers.Add(($"anthropic-ratelimit-{of}-limit", left.Limit.ToString()));
            headers.Add(($"anthropic-ratelimit-{of}-remaining", left.Remaining.ToString()));
            headers.Add(($"anthropic-ratelimit-{of}-reset", (now + left.FullIn).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
        }
    }

    protected override Reply Write(ChatRequest request, ChatTokens answer, ChatScenario chat)
    {
        var stop = answer.Cut ? "max_tokens" : "end_turn";
        if (!request.Stream)
        {
            return ChatReply.Whole(Reply.JsonText(200, JsonSerializer.Serialize(new
            {
                id = "msg_simulated", type = "message", role = "assistant", model = request.Model, content = new[] { new { type = "text", text = answer.Text } },
                stop_reason = stop, stop_sequence = (string?)null, usage = new { input_tokens = request.PromptTokens, output_tokens = answer.Tokens.Count },
            })), answer.Tokens.Count, chat, request.Model);
        }

        var frames = answer.Tokens.Select(token => Frame("content_block_delta", new { type = "content_block_delta", index = 0, delta = new { type = "text_delta", text = token } })).ToList();
        frames.Insert(0, Frame("message_start", new
        {
            type = "message_start",
            message = new { id = "msg_simulated", type = "message", role = "assistant", model = request.Model, content = Array.Empty<object>(), stop_reason = (string?)null, usage = new { input_tokens = request.PromptTokens, output_tokens = 1 } },
        }) + Frame("content_block_start", new { type = "content_block_start", index = 0, content_block = new { type = "text", text = "" } }) + Frame("ping", new { type = "ping" }));
        frames[^1] += Frame("content_block_stop", new { type = "content_block_stop", index = 0 })
            + Frame("message_delta", new { type = "message_delta", delta = new { stop_reason = stop, stop_sequence = (string?)null }, usage = new { output_tokens = answer.Tokens.Count } })
            + Frame("message_stop", new { type = "message_stop" });
        return ChatReply.Streamed(frames, chat, request.Model);
    }

    private static string Frame(string name, object data) => $"event: {name}\ndata: {JsonSerializer.Serialize(data)}\n\n";
}
