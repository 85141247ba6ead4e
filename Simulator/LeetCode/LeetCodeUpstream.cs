using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.LeetCode;

/// <summary>leetcode.com/graphql: one user a call; what kind of client asks is looked at before what it asks.</summary>
internal sealed class LeetCodeUpstream() : Upstream(Platforms.LeetCode)
{
    private const string Host = "leetcode";

    public override void Map(UpstreamRoutes routes)
    {
        // The trailing slash belongs to the same address: routing does not tell them apart.
        routes.Post(Host, "graphql", ReadAsync);
        routes.Get(Host, "graphql", _ => Question.Wrong("csrftoken", LeetCodePages.WithToken()));
        routes.Otherwise(Host, _ => HtmlPages.NotFound());
    }

    public override Reply Refuse(Refusal refusal) =>
        refusal.Status == 429 ? new Reply { Status = 429, ContentType = "text/plain; charset=UTF-8", Body = "error code: 1015"u8.ToArray() }.With("Server", "cloudflare") : base.Refuse(refusal);

    private static async ValueTask<Question> ReadAsync(HttpContext http)
    {
        var headers = http.Request.Headers;
        if (!BrowserCheck.Passes(http.Request)) return Question.Wrong("blocked", HtmlPages.Challenge());
        if (string.IsNullOrEmpty(headers.Referer)) return Question.Wrong("blocked", LeetCodePages.NoReferer());
        var request = await GraphRequest.ReadAsync(http.Request, http.RequestAborted);
        if (request.Fault is { } fault) return Question.Wrong("graphql", LeetCodeAnswer.Wrong(fault, null));
        if (LeetCodeAnswer.Check(request.Selection) is { } mismatch)
            return Question.Wrong("graphql", LeetCodeAnswer.Wrong($"Cannot query field \"{mismatch.Field.Name}\" on type \"{mismatch.TypeName}\".", mismatch.Field));
        var users = request.Selection.Select(field => field.Text("username")).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
        return new Question(OperationName(request.Selection), users, know => LeetCodeAnswer.To(request.Selection, users, know.World));
    }

    /// <summary>The fields that are about a user: <c>matchedUser</c>, <c>matchedUser+userContestRanking</c>, ….</summary>
    private static string OperationName(IReadOnlyList<GraphField> selection)
    {
        var name = string.Join('+', selection.Where(field => field.Arguments.ContainsKey("username")).Select(field => field.Name).Distinct().Order(StringComparer.Ordinal));
        return name.Length == 0 ? "graphql" : name;
    }
}
