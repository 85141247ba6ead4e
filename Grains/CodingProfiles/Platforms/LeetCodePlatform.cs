using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>LeetCode's GraphQL, which nobody promised to keep: one account a request, and no aliases, since whether LeetCode caps them is not known.</summary>
internal sealed class LeetCodePlatform(UpstreamGates gates) : PlatformAdapter(gates, PlatformName, Rule, BlockedFor)
{
    public const string PlatformName = "leetcode";

    private const string ProfileQuery = """
        query userProfile($username: String!) {
          matchedUser(username: $username) {
            username githubUrl twitterUrl linkedinUrl
            profile { realName userAvatar ranking reputation starRating countryName company school skillTags websites aboutMe }
            submitStatsGlobal { acSubmissionNum { difficulty count submissions } }
            submissionCalendar
            badges { id displayName icon creationDate }
          }
          userContestRanking(username: $username) { attendedContestsCount rating globalRanking totalParticipants topPercentage badge { name } }
        }
        """;

    private const string HistoryQuery = """
        query userHistory($username: String!) {
          userContestRankingHistory(username: $username) { attended rating ranking contest { title startTime } }
        }
        """;

    /// <summary>Challenges and blocks last for minutes.</summary>
    private static readonly TimeSpan BlockedFor = TimeSpan.FromMinutes(2);

    private static readonly HandleRule Rule = new("LeetCode", 1, 40, "_-.");

    protected override Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, "userProfile", ProfileQuery, "matchedUser", budget, data => Reader.Found(handle, LeetCodeAnswers.Profile(data, Client.Time.GetUtcNow())), cancellationToken);

    protected override Task<CallResult> AskHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, "userHistory", HistoryQuery, "userContestRankingHistory", budget, LeetCodeAnswers.History, cancellationToken);

    private Task<CallResult> SendAsync(
        string handle, string operation, string query, string wanted, CallBudget budget, Func<JsonElement, CallResult> read, CancellationToken cancellationToken)
    {
        var body = new JsonObject
        {
            ["query"] = query,
            ["variables"] = new JsonObject { ["username"] = handle },
            ["operationName"] = operation,
        }.ToJsonString();
        return Client.SendAsync(
            budget,
            () => PlatformRequest.Post(Client.Options.BaseUrl, "/graphql", PlatformRequest.Browser, new StringContent(body, null, "application/json"))
                .With("Referer", "https://leetcode.com/")
                .With("Origin", "https://leetcode.com"),
            (response, token) => Reader.JsonAsync(response, (status, root) => Read(status, root, wanted, read), token),
            cancellationToken);
    }

    /// <summary>GraphQL: errors beside data, with HTTP 200; a query that no longer fits the schema is HTTP 400.</summary>
    private CallResult? Read(HttpStatusCode status, JsonElement root, string wanted, Func<JsonElement, CallResult> read)
    {
        var errors = root.ValueKind == JsonValueKind.Object ? root.List("errors") : [];
        if (status == HttpStatusCode.BadRequest && errors.Count > 0)
        {
            throw new FormatException(errors[0].Text("message", ProfileText.Long) ?? "the query is refused without a word");
        }

        if (status != HttpStatusCode.OK)
        {
            return null;
        }

        if (errors.Select(error => error.Text("message", ProfileText.Long)).FirstOrDefault(message => message?.Contains("does not exist", StringComparison.OrdinalIgnoreCase) == true) is { } message)
        {
            return new CallMissing($"{Name}: user not found", message);
        }

        if (errors.Count > 0)
        {
            // A part is missing that may be there next time; what is stored is better than half an answer.
            return new CallTroubled($"{Name}: GraphQL error", errors[0].Text("message", ProfileText.Long) ?? "no message");
        }

        var data = root.Require("data");
        return data.TryGetProperty(wanted, out var value) && value.ValueKind == JsonValueKind.Null
            ? new CallMissing($"{Name}: user not found", "LeetCode answered without a user.")
            : read(data);
    }
}
