using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>The error bodies of GitHub.</summary>
internal static class GitHubErrors
{
    public static Reply NotFound(string documentation) => Error(404, "Not Found", documentation, withStatus: true);

    public static Reply BadCredentials() => Error(401, "Bad credentials", "https://docs.github.com/rest", withStatus: true);

    public static Reply NotAuthenticated() => Error(401, "This endpoint requires you to be authenticated.",
        "https://docs.github.com/graphql/guides/forming-calls-with-graphql#authenticating-with-graphql", withStatus: true);

    public static Reply NoUserAgent() => new Reply
    {
        Status = 403,
        ContentType = "text/html; charset=utf-8",
        Body = "\r\nRequest forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). Check https://developer.github.com for other possible causes.\r\n"u8.ToArray(),
    };

    public static Reply QuotaExceeded(int status) => Error(status,
        "API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)",
        "https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting", withStatus: false);

    public static Reply SecondaryLimit(int status) => Error(status,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.",
        "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits", withStatus: false);

    public static Reply GraphQlRateLimited() =>
        Reply.JsonText(200, """{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1234."}]}""");

    private static Reply Error(int status, string message, string documentation, bool withStatus) => Reply.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteString("message", message);
        json.WriteString("documentation_url", documentation);
        if (withStatus) json.WriteString("status", status.ToString(CultureInfo.InvariantCulture));
        json.WriteEndObject();
    });
}
