using System.Net;
using System.Security.Cryptography;
using System.Text;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>Asks GitHub's REST API for one account.</summary>
internal sealed class GitHubRest
{
    private const string Name = GitHubPlatform.PlatformName;
    private const int MostRedirects = 2;

    private readonly UpstreamClient _client;
    private readonly GitHubLimits _limits;
    private readonly PlatformReader _reader;
    private readonly string _credential;

    public GitHubRest(UpstreamClient client, PlatformReader reader, GitHubLimits limits)
    {
        _client = client;
        _limits = limits;
        _reader = reader;

        // A validator holds for the token that it was given to. The stored one says which, without saying the token.
        _credential = client.Options.Token is { } token ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)).AsSpan(0, 4)) : "anonymous";
    }

    public async Task<CallResult> FetchAsync(string login, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        var ask = new PlatformAsk(_client, budget, cancellationToken);
        var url = new Uri(_client.Options.BaseUrl.AbsoluteUri.TrimEnd('/') + "/users/" + Uri.EscapeDataString(login));
        var first = url;
        for (var redirects = 0; ; redirects++)
        {
            var here = url;
            var result = await ask.SendAsync(() => Request(here, etag), (response, token) => ReadAsync(response, here == first ? login : null, token));
            if (result is not CallAnswered<Redirect> moved)
            {
                return result;
            }

            url = new Uri(here, moved.Value.Location);
            if (redirects == MostRedirects || url.Authority != here.Authority || url.Scheme != here.Scheme)
            {
                return new CallGarbled($"{Name}: redirected astray", $"'{ProfileText.Clean(url.ToString())}' was not followed.") { Cost = ask.Cost, Attempts = result.Attempts };
            }
        }
    }

    /// <summary>Headers that both of GitHub's APIs want.</summary>
    public static HttpRequestMessage Signed(HttpRequestMessage request, UpstreamOptions options) =>
        options.Token is { } token ? request.With("Authorization", $"Bearer {token}") : request;

    private HttpRequestMessage Request(Uri url, string? etag)
    {
        var request = Signed(new HttpRequestMessage(HttpMethod.Get, url), _client.Options)
            .With("User-Agent", PlatformRequest.Ours)
            .With("Accept", "application/vnd.github+json")
            .With("X-GitHub-Api-Version", "2022-11-28");
        return etag is not null && etag.StartsWith(_credential + " ", StringComparison.Ordinal) ? request.With("If-None-Match", etag[(_credential.Length + 1)..]) : request;
    }

    /// <param name="asked">Null behind a redirect: the account may bear another name there.</param>
    private async Task<CallResult> ReadAsync(HttpResponseMessage response, string? asked, CancellationToken cancellationToken)
    {
        switch (response.StatusCode)
        {
            case HttpStatusCode.NotModified:
                _limits.Answered(response);
                return new CallAnswered<PlatformAnswer>(new PlatformUnchanged());
            case HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
                when response.Headers.Location is { } location:
                return new CallAnswered<Redirect>(new Redirect(location));
        }

        return await _reader.JsonAsync(response, (status, root) =>
        {
            if (_limits.Refused(response, root) is { } refused)
            {
                return refused;
            }

            switch (status)
            {
                case HttpStatusCode.OK:
                    _limits.Answered(response);
                    var account = GitHubAnswers.Rest(root, Validator(response), _client.Time.GetUtcNow());
                    return _reader.Found(asked ?? account.Handle, account);
                case HttpStatusCode.NotFound:
                    _limits.Answered(response);
                    return new CallMissing($"{Name}: account not found", root.Text("message", ProfileText.Long) ?? "Not Found");
                default:
                    return null;
            }
        }, cancellationToken);
    }

    private string? Validator(HttpResponseMessage response) => response.Headers.ETag is { } etag ? $"{_credential} {etag}" : null;

    private sealed record Redirect(Uri Location);
}
