namespace OrleansBulk.Simulator.Calls;

/// <summary>What the sites' bot checks ask for, as far as a client can meet it: a browser-like User-Agent.</summary>
internal static class BrowserCheck
{
    public static bool Passes(HttpRequest request) => request.Headers.UserAgent.ToString().Contains("Mozilla/", StringComparison.Ordinal);
}
