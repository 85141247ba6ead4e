using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>Asks GitHub's GraphQL for many accounts in one query: an alias for each.</summary>
internal sealed class GitHubGraph(UpstreamClient client, PlatformReader reader, GitHubLimits limits)
{
    private const string Name = GitHubPlatform.PlatformName;
    private const string Fields =
        "{ login name company location bio avatarUrl websiteUrl twitterUsername followers{totalCount} following{totalCount} repositories(ownerAffiliations:OWNER){totalCount} createdAt updatedAt }";

    /// <returns>One result per login, in order; <see cref="CallMissing"/> for one that is no person.</returns>
    public async Task<IReadOnlyList<CallResult>> LoadAsync(IReadOnlyList<string> logins, CallBudget budget, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["query"] = Query(logins) }.ToJsonString();
        var result = await client.SendAsync(
            budget,
            () => GitHubRest.Signed(PlatformRequest.Post(client.Options.BaseUrl, "/graphql", PlatformRequest.Ours, new StringContent(body, null, "application/json")), client.Options),
            (response, token) => reader.JsonAsync(response, (status, root) => Read(response, root, logins), token),
            cancellationToken);
        return result is CallAnswered<IReadOnlyList<CallResult>> answered
            ? [.. answered.Value.Select(one => Spent(one with { Cost = result.Cost, Attempts = result.Attempts }))]
            : [.. logins.Select(_ => result)];
    }

    /// <summary>Logins come in checked; they are escaped all the same, so that no login can become a part of the query.</summary>
    internal static string Query(IReadOnlyList<string> logins)
    {
        var query = new StringBuilder("query { ");
        for (var i = 0; i < logins.Count; i++)
        {
            query.Append(CultureInfo.InvariantCulture, $"u{i}: user(login:\"{JsonEncodedText.Encode(logins[i])}\")").Append(Fields).Append(' ');
        }

        return query.Append("rateLimit{ cost remaining resetAt } }").ToString();
    }

    private CallResult? Read(HttpResponseMessage response, JsonElement root, IReadOnlyList<string> logins)
    {
        if (limits.Refused(response, root) is { } refused)
        {
            return refused;
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            return null;
        }

        var errors = root.List("errors");
        if (errors.Any(error => error.Text("type") == "RATE_LIMITED"))
        {
            return limits.Primary(response);
        }

        if (root.Find("data") is not { } data)
        {
            var message = errors.Count > 0 ? errors[0].Text("message", ProfileText.Long) ?? "no message" : throw new FormatException("'data' is missing.");
            return message.Contains("rate limit", StringComparison.OrdinalIgnoreCase) ? limits.Secondary(message)
                : errors[0].Find("extensions") is not null || errors[0].Find("locations") is not null ? throw new FormatException(message)
                : new CallTroubled($"{Name}: GraphQL error", message);
        }

        limits.Answered(response);
        limits.Answered(data.Find("rateLimit"));
        var now = client.Time.GetUtcNow();
        return new CallAnswered<IReadOnlyList<CallResult>>([.. logins.Select((login, i) => One(data, login, string.Create(CultureInfo.InvariantCulture, $"u{i}"), errors, now))]);
    }

    private CallResult One(JsonElement data, string login, string alias, IReadOnlyList<JsonElement> errors, DateTimeOffset now)
    {
        if (!data.TryGetProperty(alias, out var user))
        {
            throw new FormatException($"'{alias}' is missing.");
        }

        foreach (var error in errors)
        {
            if (error.List("path") is [{ ValueKind: JsonValueKind.String } first, ..] && first.ValueEquals(alias))
            {
                var message = error.Text("message", ProfileText.Long) ?? "no message";
                return error.Text("type") == "NOT_FOUND" ? new CallMissing($"{Name}: account not found", message) : new CallTroubled($"{Name}: GraphQL error", message);
            }
        }

        return user.ValueKind == JsonValueKind.Null
            ? new CallMissing($"{Name}: account not found", "GitHub answered without an account.")
            : reader.Found(login, GitHubAnswers.Graph(user, now));
    }

    /// <summary>One account in trouble inside a good answer is asked for again by itself, like any trouble, until its tries are spent.</summary>
    private CallResult Spent(CallResult one) => one is CallTroubled troubled && one.Attempts < client.Options.Attempts
        ? new CallDeferred(client.Options.RetryDelay, troubled.Message) { Cost = one.Cost, Attempts = one.Attempts }
        : one;
}
