using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>api.github.com: a user by REST, many users by GraphQL aliases, and the state of the quotas.</summary>
internal sealed class GitHubUpstream() : Upstream(Platforms.GitHub)
{
    private const string Host = "github";
    private const string GraphQl = "graphql";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Host, "users/{login}", http => Checked("users", http, UserByRest));
        routes.Get(Host, "rate_limit", http => Checked("rate_limit", http, RateLimit));
        routes.Post(Host, "graphql", ByGraphQlAsync);
        routes.Otherwise(Host, _ => GitHubErrors.NotFound("https://docs.github.com/rest"));
    }

    public override Reply Refuse(Refusal refusal) => refusal.Cause switch
    {
        RefusalCause.RefusedToken => GitHubErrors.BadCredentials(),
        RefusalCause.OverQuota when refusal.Question.Resource == GraphQl => GitHubErrors.GraphQlRateLimited(),
        RefusalCause.OverQuota => GitHubErrors.QuotaExceeded(refusal.Status),
        _ when refusal.Status == 503 => base.Refuse(refusal),
        _ => GitHubErrors.SecondaryLimit(refusal.Status),
    };

    private static Question Checked(string operation, HttpContext http, Func<HttpContext, Question> read) =>
        string.IsNullOrEmpty(http.Request.Headers.UserAgent) ? Question.Wrong(operation, GitHubErrors.NoUserAgent()) with { Free = true } : read(http);

    private static Question UserByRest(HttpContext http)
    {
        var login = (string)http.Request.RouteValues["login"]!;
        var ifNoneMatch = http.Request.Headers.IfNoneMatch.ToString();
        return Question.About("users", login, know =>
        {
            if (know.World.GitHub(login) is not { } profile)
                return GitHubErrors.NotFound("https://docs.github.com/rest/users/users#get-a-user") with { Keys = KeyAnswer.Missing };
            var tag = GitHubUser.ETag(know.World, login, know.Token);
            var reply = ifNoneMatch.Length > 0 && GitHubUser.Matches(ifNoneMatch, tag)
                ? new Reply { Status = 304, Free = know.Token is not null }
                : GitHubUser.Body(profile);
            return reply with { Keys = KeyAnswer.Found, Headers = GitHubUser.Headers(profile, tag, know.Token is not null) };
        });
    }

    private static Question RateLimit(HttpContext _) =>
        new("rate_limit", [], GitHubRateLimit.Answer) { Free = true };

    private static async ValueTask<Question> ByGraphQlAsync(HttpContext http)
    {
        if (string.IsNullOrEmpty(http.Request.Headers.UserAgent)) return Question.Wrong(GraphQl, GitHubErrors.NoUserAgent()) with { Free = true };
        if (CallServer.Token(http.Request) is null) return Question.Wrong(GraphQl, GitHubErrors.NotAuthenticated()) with { Free = true };
        var request = await GraphRequest.ReadAsync(http.Request, http.RequestAborted);
        if (request.Fault is { } fault) return Question.Wrong(GraphQl, GitHubGraph.Wrong(fault, null)) with { Resource = GraphQl };
        if (GitHubGraph.Check(request.Selection) is { } mismatch)
            return Question.Wrong(GraphQl, GitHubGraph.Wrong($"Field '{mismatch.Field.Name}' doesn't exist on type '{mismatch.TypeName}'", mismatch)) with { Resource = GraphQl };
        var logins = request.Selection.Where(field => field.Name == "user").Select(field => field.Text("login") ?? "").ToList();
        return new Question(GraphQl, logins, know => GitHubGraph.Answer(request.Selection, know)) { Resource = GraphQl };
    }
}
