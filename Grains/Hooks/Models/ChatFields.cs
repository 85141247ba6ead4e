using System.Globalization;
using System.Text.Json;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>What both providers' answers are read with.</summary>
internal static class ChatFields
{
    private const int LongestMessage = 400;

    public static string? Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.Unescaped() : null;

    public static int Number(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;

    public static JsonElement? Object(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>The provider's sentence, short enough for a page. Keys that it repeats are masked by the provider.</summary>
    public static string Message(this JsonElement? error, int status) => ProfileText.Clean(error?.Text("message"), LongestMessage) ?? $"HTTP {status} without a word";

    /// <summary>Parses an error's body; null when it is no JSON object.</summary>
    public static JsonDocument? TryParse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static ChatRemainder? Remainder(HttpResponseMessage response, string left, string reset, DateTimeOffset now) =>
        long.TryParse(RetryAfter.First(response.Headers, left), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
        && RetryAfter.First(response.Headers, reset) is { } until && RetryAfter.Parse(until, now) is { } span
            ? new ChatRemainder(count, span)
            : null;

    /// <summary>The tighter of two.</summary>
    public static ChatRemainder? Tighter(ChatRemainder? a, ChatRemainder? b) => a is { } x && b is { } y ? (x.Left <= y.Left ? a : b) : a ?? b;

    /// <summary>The fault as the end of a call.</summary>
    /// <param name="after">How long the provider wants to be left alone.</param>
    public static CallResult Result(this ChatFault fault, HookModelOptions model, TimeSpan? after) => fault.Kind switch
    {
        ChatFaultKind.KeyRefused => new CallRefused($"{fault.Name}: {fault.Message}"),
        ChatFaultKind.Throttled => new CallThrottled(after, fault.Name),
        ChatFaultKind.Trouble => new CallTroubled($"{model.Id}: {fault.Name}", fault.Message),
        _ => new CallMissing($"{model.Id}: {fault.Name}", fault.Message),
    };
}
