using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.CodeChef;

/// <summary>codechef.com: profile pages, and the site's own rating list behind a session token.</summary>
internal sealed class CodeChefUpstream() : Upstream(Platforms.CodeChef)
{
    private const string Host = "codechef";

    /// <summary>The 64 characters which a page of <c>/ratings/all</c> hands out and the list asks for.</summary>
    public const string Token = "51a0de1051a0de1051a0de1051a0de1051a0de1051a0de1051a0de1051a0de10";

    private const string Cookie = "SESS93b6022d778ee317bf48f7dbffe03173";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Host, "users/{user}", Profile);
        routes.Get(Host, "api/ratings/all", Ratings);
        routes.Get(Host, "ratings/all", _ => Question.Wrong("token", Reply.Html(200, CodeChefPage.Ratings(Token)).With("Set-Cookie", $"{Cookie}={Token[..32]}; path=/; HttpOnly")));
        routes.Get(Host, "", _ => Question.Wrong("home", Reply.Html(200, CodeChefPage.Home)));
        routes.Otherwise(Host, _ => HtmlPages.NotFound());
    }

    private static Question Profile(HttpContext http)
    {
        var user = (string)http.Request.RouteValues["user"]!;
        return Question.About("profile", user, know => know.World.CodeChef(user) is { } profile
            ? Reply.Html(200, CodeChefPage.Of(profile)) with { Keys = KeyAnswer.Found }
            : new Reply { Status = 302, ContentType = Reply.HtmlType, Keys = KeyAnswer.Missing }.With("Location", $"/{Host}/"));
    }

    private static Question Ratings(HttpContext http)
    {
        var request = http.Request;
        if (request.Headers["x-csrf-token"] != Token || !request.Cookies.ContainsKey(Cookie))
            return Question.Wrong("ratings", Reply.JsonText(403, """{"status":"apierror","message":"Something went wrong"}"""));
        var search = request.Query["search"].ToString();
        if (search.Length == 0) return Question.Wrong("ratings", CodeChefRatings.Of([]));
        return Question.About("ratings", search, know =>
        {
            var profile = know.World.CodeChef(search);
            return CodeChefRatings.Of(profile is null ? [] : [profile]) with { Keys = profile is null ? KeyAnswer.Missing : KeyAnswer.Found };
        });
    }
}
