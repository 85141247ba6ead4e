using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// GitHub. Without a token: REST, one account a call, conditional where an earlier answer is stored (304 costs nothing). With a token: GraphQL, <c>Batch</c> accounts a call;
/// it knows persons only, so what it does not find is asked for once more by REST, which knows organisations too.
/// </summary>
internal sealed class GitHubPlatform : ICodingPlatform, IAsyncDisposable
{
    public const string PlatformName = "github";

    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);
    private static readonly HandleRule Rule = new("GitHub", 1, 39, "-_"); // '_' in accounts that a company manages

    private readonly UpstreamClient _client;
    private readonly GitHubRest _rest;
    private readonly BatchLoader<string>? _loader;

    public GitHubPlatform(UpstreamGates gates)
    {
        _client = gates.Client(PlatformName);
        var limits = new GitHubLimits(_client);
        _rest = new GitHubRest(_client, limits);
        if (_client.Options.Token is not null)
        {
            var graph = new GitHubGraph(_client, limits);
            _loader = new BatchLoader<string>(_client.Options.Batch, _client.Options.Concurrency, Linger, _client.Time, graph.LoadAsync);
        }
    }

    public string Name => PlatformName;

    public int ProfilesPerCall => _loader is null ? 1 : _client.Options.Batch;

    public string? WhyInvalid(string handle) =>
        Rule.WhyInvalid(handle) ?? (handle[0] is '-' or '_' ? "A GitHub login begins with a letter or a digit." : null);

    public async Task<CallResult> FetchAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        if (WhyInvalid(handle) is { } why)
        {
            return new CallMissing($"{Name}: login cannot be", why) { Attempts = budget.AttemptsSpent };
        }

        if (_loader is null)
        {
            return await _rest.FetchAsync(handle, etag, budget, cancellationToken);
        }

        var started = _client.Time.GetTimestamp();
        var person = await _loader.AskAsync(_client, handle, budget, cancellationToken);
        if (person is not CallMissing)
        {
            return person;
        }

        var left = budget.WaitAtMost - _client.Time.GetElapsedTime(started);
        var account = await _rest.FetchAsync(handle, etag, budget with { WaitAtMost = left > TimeSpan.Zero ? left : TimeSpan.Zero }, cancellationToken);
        return account with { Cost = person.Cost + account.Cost };
    }

    public ValueTask DisposeAsync() => _loader?.DisposeAsync() ?? ValueTask.CompletedTask;
}
