using System.Globalization;
using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// What GitHub says about its limits: an hourly one in headers (the primary), and others in words (the secondary). Three 403s look alike and mean wait a minute, wait an hour,
/// and never ask again; the order of questions in <see cref="Refused"/> tells them apart.
/// </summary>
internal sealed class GitHubLimits(UpstreamClient client)
{
    /// <summary>GitHub's advice where it names no time: a minute, then longer each time.</summary>
    private static readonly TimeSpan SecondaryWait = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1);
    private int _secondaryInRow; // only a hint for doubling: written by calls that run at once

    /// <summary>Looks at the headers of a good answer: with nothing left, nobody needs to ask and be refused.</summary>
    public void Answered(HttpResponseMessage response)
    {
        _secondaryInRow = 0;
        if (IsUsedUp(response) && UntilReset(response) is { } wait)
        {
            client.Hold(wait, Reason(response));
        }
    }

    /// <summary>The point budget that GraphQL reports in its answer.</summary>
    public void Answered(JsonElement? rateLimit)
    {
        if (rateLimit is { } limit && limit.Int("remaining") is <= 0 && limit.Instant("resetAt") is { } reset && reset > client.Time.GetUtcNow())
        {
            client.Hold(Bounded(reset - client.Time.GetUtcNow()), "GraphQL points of this hour are used up");
        }
    }

    /// <summary>Reads 401, 403 and 429; null for other answers.</summary>
    public CallResult? Refused(HttpResponseMessage response, JsonElement root)
    {
        var message = root.ValueKind == JsonValueKind.Object ? root.Text("message", ProfileText.Long) ?? "" : "";
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            return new CallRefused($"GitHub refuses the token ({message}). Set Upstreams:github:Token to a valid one, or remove it to go on slowly without.");
        }

        if (response.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests))
        {
            return null;
        }

        if (RetryAfter.Of(response.Headers, client.Time.GetUtcNow()) is { } after)
        {
            return new CallThrottled(after, $"secondary rate limit: {message}");
        }

        if (IsUsedUp(response))
        {
            return Primary(response);
        }

        if (response.StatusCode == HttpStatusCode.TooManyRequests || Says(message, "secondary rate limit") || Says(message, "abuse detection"))
        {
            return Secondary(message);
        }

        return new CallRefused($"GitHub forbids this ({message}). Check what Upstreams:github:Token may do.");
    }

    public CallThrottled Primary(HttpResponseMessage response) => new(UntilReset(response), Reason(response));

    public CallThrottled Secondary(string message) =>
        new(Bounded(SecondaryWait * Math.Pow(2, Math.Min(Interlocked.Increment(ref _secondaryInRow) - 1, 6))), $"secondary rate limit: {message}");

    private static bool IsUsedUp(HttpResponseMessage response) => RetryAfter.First(response.Headers, "x-ratelimit-remaining") is { } text
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var remaining) && remaining <= 0;

    /// <summary>Null where the reset is past by our clock: one of the clocks is wrong, and the gate's own growing pause is the better guess.</summary>
    private TimeSpan? UntilReset(HttpResponseMessage response) =>
        RetryAfter.UntilEpochSecond(RetryAfter.First(response.Headers, "x-ratelimit-reset"), client.Time.GetUtcNow()) is { } wait && wait > TimeSpan.Zero
            ? Bounded(wait + TimeSpan.FromSeconds(1)) // the header is a whole second
            : null;

    private static TimeSpan Bounded(TimeSpan wait) => wait < LongestWait ? wait : LongestWait;

    private static string Reason(HttpResponseMessage response) =>
        $"all {RetryAfter.First(response.Headers, "x-ratelimit-limit") ?? "calls"} calls of this hour are used up";

    private static bool Says(string message, string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);
}
