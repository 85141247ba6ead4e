using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>What adapters have in common: an upstream of the same name, a reader, and a rule for handles that none passes by.</summary>
internal abstract class PlatformAdapter : ICodingPlatform
{
    private readonly HandleRule _rule;

    /// <param name="blockedFor">How long to stay away after an answer that says "blocked" without saying for how long.</param>
    /// <param name="pageIsBlock">Whether a page with HTTP 503 means a shield rather than an accident.</param>
    protected PlatformAdapter(UpstreamGates gates, string name, HandleRule rule, TimeSpan blockedFor, bool pageIsBlock = false)
    {
        _rule = rule;
        Name = name;
        Client = gates.Client(name);
        Reader = new PlatformReader(Client, blockedFor, pageIsBlock);
    }

    public string Name { get; }

    public virtual int ProfilesPerCall => 1;

    internal UpstreamClient Client { get; }

    protected PlatformReader Reader { get; }

    public virtual string? WhyInvalid(string handle) => _rule.WhyInvalid(handle);

    public Task<CallResult> FetchAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken) =>
        Impossible(handle, budget) ?? AskAsync(handle, etag, budget, cancellationToken);

    public Task<CallResult> FetchRatingHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        Impossible(handle, budget) ?? AskHistoryAsync(handle, budget, cancellationToken);

    /// <param name="handle">One that can be.</param>
    protected abstract Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken);

    protected virtual Task<CallResult> AskHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        Task.FromResult<CallResult>(new CallMissing($"{Name}: no rating history", $"{Name} publishes no rating history.") { Attempts = budget.AttemptsSpent });

    protected Uri SecondUrl(string what) => Client.Options.SecondUrl ?? throw new InvalidOperationException($"Upstreams:{Name}:SecondUrl is missing; it must be where {what} is asked for.");

    /// <summary>A handle that cannot be makes no call: it could only fail, and nothing from outside gets into a path or a query.</summary>
    private Task<CallResult>? Impossible(string handle, CallBudget budget) => WhyInvalid(handle) is { } why
        ? Task.FromResult<CallResult>(new CallMissing($"{Name}: handle cannot be", why) { Attempts = budget.AttemptsSpent })
        : null;
}
