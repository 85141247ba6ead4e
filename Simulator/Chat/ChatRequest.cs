using System.Text;
using System.Text.Json;

namespace OrleansBulk.Simulator.Chat;

/// <summary>What a caller asks of a model, whichever of the two formats it came in.</summary>
/// <param name="System">What the model is told to do.</param>
/// <param name="User">What it is to do it with; the last message of the user.</param>
/// <param name="MaxTokens">Where the answer is cut.</param>
/// <param name="WithUsage">OpenAI: a last chunk with the usage was asked for.</param>
/// <param name="Schema">The JSON schema that the answer must fit; null without one.</param>
internal sealed record ChatRequest(string Model, string System, string User, bool Stream, bool WithUsage, int MaxTokens, JsonElement? Schema)
{
    /// <summary>Bytes of a token, as models count them more or less.</summary>
    public const int TokenBytes = 4;

    private const int LongestAnswer = 4096;

    public int PromptTokens => Tokens(System) + Tokens(User) + 8;

    public static int Tokens(string text) => (Encoding.UTF8.GetByteCount(text) + TokenBytes - 1) / TokenBytes;

    /// <summary>Reads OpenAI's format, in which the system is a message, or Anthropic's, in which it is not.</summary>
    /// <exception cref="FormatException">Says what is wrong, and with which parameter.</exception>
    public static ChatRequest Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var messages = root.GetProperty("messages").EnumerateArray().ToList();
            var system = root.TryGetProperty("system", out var top) ? Text(top)
                : string.Join("\n", messages.Where(message => message.GetProperty("role").GetString() is "system" or "developer").Select(message => Text(message.GetProperty("content"))));
            var user = messages.Where(message => message.GetProperty("role").GetString() == "user").Select(message => Text(message.GetProperty("content"))).LastOrDefault()
                ?? throw new FormatException("messages: at least one message of the user is needed");
            return new ChatRequest(
                root.GetProperty("model").GetString()!, system, user,
                root.TryGetProperty("stream", out var stream) && stream.GetBoolean(),
                root.TryGetProperty("stream_options", out var options) && options.TryGetProperty("include_usage", out var usage) && usage.GetBoolean(),
                MaxOf(root),
                root.TryGetProperty("response_format", out var format) && format.GetProperty("type").GetString() == "json_schema" ? format.GetProperty("json_schema").GetProperty("schema").Clone() : null);
        }
        catch (Exception wrong) when (wrong is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"The request cannot be read: {wrong.Message}", wrong);
        }
    }

    private static int MaxOf(JsonElement root) =>
        root.TryGetProperty("max_completion_tokens", out var most) || root.TryGetProperty("max_tokens", out most) ? most.GetInt32() : LongestAnswer;

    private static string Text(JsonElement content) => content.ValueKind == JsonValueKind.String
        ? content.GetString()!
        : string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
}
