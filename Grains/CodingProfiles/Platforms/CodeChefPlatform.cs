using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>CodeChef has no public API: this reads its profile page and is off unless somebody switches it on. An unknown user is a redirect to the home page.</summary>
internal sealed class CodeChefPlatform(UpstreamGates gates) : PlatformAdapter(gates, PlatformName, Rule, TimeSpan.FromMinutes(5))
{
    public const string PlatformName = "codechef";

    private static readonly HandleRule Rule = new("CodeChef", 1, 40, "_-.");

    protected override Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, budget, page => Reader.Found(handle, page.Profile(handle, Client.Time.GetUtcNow())), cancellationToken);

    protected override Task<CallResult> AskHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, budget, page => new CallAnswered<RatingHistory>(page.History()), cancellationToken);

    private Task<CallResult> SendAsync(string handle, CallBudget budget, Func<CodeChefPage, CallResult> read, CancellationToken cancellationToken) => Client.SendAsync(
        budget,
        () => PlatformRequest.Get(Client.Options.BaseUrl, $"/users/{Uri.EscapeDataString(handle)}", PlatformRequest.Browser, "text/html"),
        (response, token) => IsElsewhere(response)
            ? Task.FromResult<CallResult>(new CallMissing($"{Name}: user not found", "CodeChef redirects to its home page for this user."))
            : Reader.PageAsync(response, html => read(new CodeChefPage(html)), token),
        cancellationToken);

    private static bool IsElsewhere(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location?.OriginalString.Contains("/users/", StringComparison.Ordinal) != true
        || response.StatusCode == HttpStatusCode.NotFound;
}
