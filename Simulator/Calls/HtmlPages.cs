namespace OrleansBulk.Simulator.Calls;

/// <summary>The pages that come where JSON was expected.</summary>
internal static class HtmlPages
{
    /// <summary>403 of a bot check.</summary>
    public static Reply Challenge() =>
        Reply.Html(403, "<!DOCTYPE html><html lang=\"en-US\"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>")
            with { Headers = [("Server", "cloudflare"), ("CF-RAY", "8c0ffee123456789-FRA"), ("cf-mitigated", "challenge")] };

    /// <summary>502, 503 or 504 of a proxy whose upstream is away.</summary>
    public static Reply Unavailable(int status)
    {
        var title = status switch { 502 => "502 Bad Gateway", 504 => "504 Gateway Time-out", _ => $"{status} Service Temporarily Unavailable" };
        return Nginx(status, title);
    }

    public static Reply TooManyRequests(int status) => Nginx(status, "429 Too Many Requests");

    public static Reply TooLarge() => Nginx(413, "413 Request Entity Too Large");

    public static Reply NotFound() => Nginx(404, "404 Not Found");

    public static Reply Maintenance() =>
        Reply.Html(200, "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We'll be back soon</h1></body></html>");

    private static Reply Nginx(int status, string title) =>
        Reply.Html(status, $"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
            .With("Server", "nginx");
}
