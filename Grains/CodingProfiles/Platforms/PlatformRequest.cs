namespace OrleansBulk.CodingProfiles;

/// <summary>Makes requests as the platforms want them.</summary>
internal static class PlatformRequest
{
    /// <summary>The sites' own JSON is refused to the user agents of libraries.</summary>
    public const string Browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36";

    /// <summary>For APIs that want to know who calls.</summary>
    public const string Ours = "OrleansBulk/1.0";

    public static HttpRequestMessage Get(Uri baseUrl, string path, string userAgent, string accept = "application/json") =>
        Make(HttpMethod.Get, baseUrl, path, userAgent, accept);

    public static HttpRequestMessage Post(Uri baseUrl, string path, string userAgent, HttpContent content)
    {
        var request = Make(HttpMethod.Post, baseUrl, path, userAgent, "application/json");
        request.Content = content;
        return request;
    }

    public static HttpRequestMessage With(this HttpRequestMessage request, string header, string value)
    {
        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    private static HttpRequestMessage Make(HttpMethod method, Uri baseUrl, string path, string userAgent, string accept) =>
        new HttpRequestMessage(method, new Uri(baseUrl.AbsoluteUri.TrimEnd('/') + path)).With("User-Agent", userAgent).With("Accept", accept);
}
