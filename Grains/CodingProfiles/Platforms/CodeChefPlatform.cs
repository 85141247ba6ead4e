using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>CodeChef has no public API: this reads its profile page and is off unless somebody switches it on. An unknown user is a redirect to the home page.</summary>
internal sealed class CodeChefPlatform(UpstreamGates gates) : ICodingPlatform
{
    public const string PlatformName = "codechef";

    private static readonly HandleRule Rule = new("CodeChef", 1, 40, "_-.");

    private readonly UpstreamClient _client = gates.Client(PlatformName);
    private readonly PlatformReader _reader = new(gates.Client(PlatformName), TimeSpan.FromMinutes(5));

    public string Name => PlatformName;

    public int ProfilesPerCall => 1;

    public string? WhyInvalid(string handle) => Rule.WhyInvalid(handle);

    public Task<CallResult> FetchAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, budget, page => _reader.Found(handle, page.Profile(handle, _client.Time.GetUtcNow())), cancellationToken);

    public Task<CallResult> FetchRatingHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        SendAsync(handle, budget, page => new CallAnswered<RatingHistory>(page.History()), cancellationToken);

    private Task<CallResult> SendAsync(string handle, CallBudget budget, Func<CodeChefPage, CallResult> read, CancellationToken cancellationToken) => _client.SendAsync(
        budget,
        () => PlatformRequest.Get(_client.Options.BaseUrl, $"/users/{Uri.EscapeDataString(handle)}", PlatformRequest.Browser, "text/html"),
        (response, token) => IsElsewhere(response)
            ? Task.FromResult<CallResult>(new CallMissing($"{Name}: user not found", "CodeChef redirects to its home page for this user."))
            : _reader.PageAsync(response, html => read(new CodeChefPage(html)), token),
        cancellationToken);

    private static bool IsElsewhere(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 && response.Headers.Location?.OriginalString.Contains("/users/", StringComparison.Ordinal) != true
        || response.StatusCode == HttpStatusCode.NotFound;
}
