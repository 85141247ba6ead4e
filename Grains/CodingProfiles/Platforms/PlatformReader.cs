using System.Net;
using System.Text;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Reads answers as all platforms have them in common: throttling, blocks, server errors, empty and strange bodies. What is left is the platform's own and goes to its reader.
/// </summary>
/// <param name="blockedFor">How long to stay away after an answer that says "blocked" without saying for how long.</param>
/// <param name="pageIsBlock">Whether a page with HTTP 503 means a shield rather than an accident.</param>
internal sealed class PlatformReader(UpstreamClient client, TimeSpan blockedFor, bool pageIsBlock = false)
{
    /// <summary>Cloudflare's challenges and bans ("error code: 1015" is a ban for too many calls), and a refusal for a missing Referer.</summary>
    private static readonly string[] ChallengeMarks =
        ["Just a moment", "challenge-platform", "cf-chl", "Attention Required! | Cloudflare", "CSRF verification failed", "error code: 10"];

    private string Name => client.Options.Name;

    /// <summary>Reads JSON.</summary>
    /// <param name="read">Reads an answer with any status; null when it is nothing that the platform defines, and the status then decides.</param>
    public async Task<CallResult> JsonAsync(HttpResponseMessage response, Func<HttpStatusCode, JsonElement, CallResult?> read, CancellationToken cancellationToken)
    {
        var body = await UpstreamBody.ReadAsync(response.Content, cancellationToken);
        if (body.Kind != BodyKind.Json)
        {
            return Strange(response, body, "JSON");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(WithoutMark(body.Bytes));
        }
        catch (JsonException error)
        {
            return ByStatus(response, body) ?? (IsCut(body.Bytes)
                ? new CallTroubled($"{Name}: answer cut off", $"The answer ends in the middle, after {body.Bytes.Length} bytes.")
                : new CallGarbled($"{Name}: answer cannot be read", error.Message));
        }

        using (document)
        {
            var result = Shaped(() => read(response.StatusCode, document.RootElement));
            return result is not null && (response.IsSuccessStatusCode || result is not CallGarbled)
                ? result
                : ByStatus(response, body) ?? result ?? Unexpected(response, body); // an error's body may have any shape
        }
    }

    /// <summary>A profile, if it is about the one that was asked for.</summary>
    public CallResult Found(string asked, ProfileSnapshot profile) =>
        (CallResult?)Another(asked, profile.Handle) ?? new CallAnswered<PlatformAnswer>(new PlatformProfile(profile));

    /// <summary>An answer about somebody else (a cache that mixed up calls) must never become this profile; null when it is about the right one.</summary>
    public CallGarbled? Another(string asked, string answered) => answered.Equals(asked, StringComparison.OrdinalIgnoreCase)
        ? null
        : new CallGarbled($"{Name}: answer about another", $"'{asked}' was asked for, '{answered}' answered.");

    /// <summary>Reads a page made for people.</summary>
    public async Task<CallResult> PageAsync(HttpResponseMessage response, Func<string, CallResult> read, CancellationToken cancellationToken)
    {
        var body = await UpstreamBody.ReadAsync(response.Content, cancellationToken);
        if (body.Kind != BodyKind.Html || response.StatusCode != HttpStatusCode.OK || IsChallenge(response, body))
        {
            return Strange(response, body, "page");
        }

        return Shaped(() => read(Encoding.UTF8.GetString(body.Bytes)))!;
    }

    /// <summary>Schema drift is an error of the answer, told apart from text that is no JSON at all.</summary>
    private CallResult? Shaped(Func<CallResult?> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is FormatException or InvalidOperationException or KeyNotFoundException or JsonException)
        {
            return new CallGarbled($"{Name}: answer has changed shape", error.Message);
        }
    }

    private CallResult Strange(HttpResponseMessage response, UpstreamBody body, string wanted)
    {
        return ByStatus(response, body) ?? body.Kind switch
        {
            _ when IsChallenge(response, body) => Blocked(response, body),
            BodyKind.Empty when response.IsSuccessStatusCode => new CallGarbled($"{Name}: empty answer", $"HTTP {(int)response.StatusCode} without a body."),
            BodyKind.TooLarge => new CallGarbled($"{Name}: answer too large", $"More than {UpstreamBody.Limit >> 20} MB."),
            _ when response.IsSuccessStatusCode => new CallGarbled($"{Name}: no {wanted} in the answer", $"{response.Content.Headers.ContentType}: {body.Excerpt()}"),
            _ => Unexpected(response, body),
        };
    }

    /// <summary>What the status says, whatever the body is; null when that needs the body.</summary>
    private CallResult? ByStatus(HttpResponseMessage response, UpstreamBody body)
    {
        var after = RetryAfter.Of(response.Headers, client.Time.GetUtcNow());
        switch (response.StatusCode)
        {
            case HttpStatusCode.TooManyRequests when after is not null || (body.Kind != BodyKind.Html && !IsChallenge(response, body)):
                return new CallThrottled(after, "too many calls (HTTP 429)");
            case HttpStatusCode.TooManyRequests:
            case HttpStatusCode.Forbidden when body.Kind == BodyKind.Html || IsChallenge(response, body):
            case HttpStatusCode.ServiceUnavailable when IsChallenge(response, body) || (pageIsBlock && body.Kind == BodyKind.Html):
                return Blocked(response, body);
            case HttpStatusCode.Unauthorized:
                return new CallRefused($"{Name} wants credentials or refuses those it got (HTTP 401). Check Upstreams:{Name}:Token.");
            case >= HttpStatusCode.InternalServerError:
                if (after is { } wait)
                {
                    client.Hold(wait, $"HTTP {(int)response.StatusCode} with Retry-After");
                }

                return new CallTroubled($"{Name}: server error {(int)response.StatusCode}", body.Excerpt());
            default:
                return null;
        }
    }

    private CallGarbled Unexpected(HttpResponseMessage response, UpstreamBody body) =>
        new($"{Name}: unexpected HTTP {(int)response.StatusCode}", body.Excerpt());

    private CallBlocked Blocked(HttpResponseMessage response, UpstreamBody body)
    {
        var after = RetryAfter.Of(response.Headers, client.Time.GetUtcNow()) ?? TimeSpan.Zero;
        return new CallBlocked(after > blockedFor ? after : blockedFor, $"HTTP {(int)response.StatusCode} with a page instead of data: {body.Excerpt(80)}");
    }

    private static bool IsChallenge(HttpResponseMessage response, UpstreamBody body) =>
        body.Kind is BodyKind.Html or BodyKind.Other
        && (response.Headers.Contains("cf-mitigated") || ChallengeMarks.Any(body.Contains));

    private static ReadOnlyMemory<byte> WithoutMark(byte[] bytes) => bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;

    /// <summary>Whether the bytes are the beginning of JSON that just stops.</summary>
    private static bool IsCut(byte[] bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(WithoutMark(bytes).Span, isFinalBlock: false, default);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
