using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.LeetCode;

/// <summary>What LeetCode sends that is no GraphQL answer.</summary>
internal static class LeetCodePages
{
    /// <summary>The page whose cookie is the CSRF token.</summary>
    public static Reply WithToken() =>
        Reply.Html(200, "<!DOCTYPE html><html><head><title>GraphiQL</title></head><body></body></html>")
            .With("Set-Cookie", "csrftoken=" + string.Concat(Enumerable.Repeat("s1mulat0r", 8))[..64] + "; Path=/; SameSite=Lax");

    public static Reply NoReferer() => Reply.Html(403,
        "<!DOCTYPE html><html lang=\"en\"><head><title>403 Forbidden</title></head><body><h1>Forbidden <span>(403)</span></h1><p>CSRF verification failed. Request aborted.</p>" +
        "<p>You are seeing this message because this HTTPS site requires a 'Referer header' to be sent by your Web browser, but none was sent.</p></body></html>");
}
