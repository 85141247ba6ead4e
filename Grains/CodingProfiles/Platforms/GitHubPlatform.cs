using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// GitHub. Without a token: REST, one account a call, conditional where an earlier answer is stored (304 costs nothing). With a token: GraphQL, <c>Batch</c> accounts a call;
/// it knows persons only, so what it does not find is asked for once more by REST, which knows organisations too.
/// </summary>
internal sealed class GitHubPlatform : PlatformAdapter, IAsyncDisposable
{
    public const string PlatformName = "github";

    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan BlockedFor = TimeSpan.FromMinutes(2);
    private static readonly HandleRule Rule = new("GitHub", 1, 39, "-_"); // '_' in accounts that a company manages

    private readonly GitHubRest _rest;
    private readonly BatchLoader<string>? _loader;

    public GitHubPlatform(UpstreamGates gates)
        : base(gates, PlatformName, Rule, BlockedFor)
    {
        var limits = new GitHubLimits(Client);
        _rest = new GitHubRest(Client, Reader, limits);
        if (Client.Options.Token is not null)
        {
            var graph = new GitHubGraph(Client, Reader, limits);
            _loader = new BatchLoader<string>(Client.Options.Batch, Client.Options.Concurrency, Linger, Client.Time, graph.LoadAsync);
        }
    }

    public override int ProfilesPerCall => _loader is null ? 1 : Client.Options.Batch;

    public override string? WhyInvalid(string handle) =>
        base.WhyInvalid(handle) ?? (handle[0] is '-' or '_' ? "A GitHub login begins with a letter or a digit." : null);

    protected override async Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        if (_loader is null)
        {
            return await _rest.FetchAsync(handle, etag, budget, cancellationToken);
        }

        var started = Client.Time.GetTimestamp();
        var person = await _loader.AskAsync(Client, handle, budget, cancellationToken);
        if (person is not CallMissing)
        {
            return person;
        }

        var left = budget.WaitAtMost - Client.Time.GetElapsedTime(started);
        var account = await _rest.FetchAsync(handle, etag, budget with { WaitAtMost = left > TimeSpan.Zero ? left : TimeSpan.Zero }, cancellationToken);
        return account with { Cost = person.Cost + account.Cost };
    }

    public ValueTask DisposeAsync() => _loader?.DisposeAsync() ?? ValueTask.CompletedTask;
}
