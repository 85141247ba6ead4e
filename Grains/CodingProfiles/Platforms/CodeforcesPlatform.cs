using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Codeforces' official API. <c>user.info</c> takes many handles a call, answers by position, and fails as a whole when one handle is unknown: see <see cref="CodeforcesBatch"/>.
/// </summary>
internal sealed partial class CodeforcesPlatform : PlatformAdapter, IAsyncDisposable
{
    public const string PlatformName = "codeforces";

    /// <summary>How long the first handle waits for company: nothing beside the two seconds between calls.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(50);

    /// <summary>HTML from the site means a contest or a shield against attacks, and neither is over in seconds.</summary>
    private static readonly TimeSpan BlockedFor = TimeSpan.FromSeconds(60);

    private static readonly HandleRule Rule = new("Codeforces", 3, 24, "_-.");

    private readonly BatchLoader<string> _jobs;
    private readonly BatchLoader<string> _persons; // apart: a job's call with unknown handles in it may take many turns, and the gate lets persons go first
    private string? _before; // the handles of the last answer; written by loads

    public CodeforcesPlatform(UpstreamGates gates)
        : base(gates, PlatformName, Rule, BlockedFor, pageIsBlock: true)
    {
        _jobs = Loader();
        _persons = Loader();
    }

    public override int ProfilesPerCall => Client.Options.Batch;

    protected override Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken) =>
        (budget.Flow.Name == FlowTicket.Interactive ? _persons : _jobs).AskAsync(Client, handle, budget, cancellationToken);

    protected override Task<CallResult> AskHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        Client.SendAsync(
            budget,
            () => PlatformRequest.Get(Client.Options.BaseUrl, $"/api/user.rating?handle={handle}", PlatformRequest.Ours),
            (response, token) => ReadAsync(response, result => new CallAnswered<RatingHistory>(CodeforcesAnswers.History(result)), token),
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _persons.DisposeAsync();
        await _jobs.DisposeAsync();
    }

    /// <summary>Reads the envelope: <c>result</c> when OK, <c>comment</c> when FAILED, whatever the HTTP status.</summary>
    internal Task<CallResult> ReadAsync(HttpResponseMessage response, Func<JsonElement, CallResult> read, CancellationToken cancellationToken) =>
        Reader.JsonAsync(response, (status, root) => root.Text("status") switch
        {
            "OK" => read(root.Require("result")),
            "FAILED" => Failed(status, root.Text("comment", ProfileText.Long) ?? "no comment", response),
            null when status is not (HttpStatusCode.OK or HttpStatusCode.BadRequest) => null, // not from the API itself
            var other => throw new FormatException($"'status' is '{other}'; OK or FAILED was wanted."),
        }, cancellationToken);

    private BatchLoader<string> Loader() => new(
        Client.Options.Batch,
        Client.Options.Concurrency,
        Linger,
        Client.Time,
        (handles, budget, cancellationToken) => new CodeforcesBatch(this, handles, budget).LoadAsync(cancellationToken));

    private CallResult? Failed(HttpStatusCode status, string comment, HttpResponseMessage response)
    {
        if (comment.Contains("limit exceeded", StringComparison.OrdinalIgnoreCase))
        {
            return new CallThrottled(RetryAfter.Of(response.Headers, Client.Time.GetUtcNow()), comment);
        }

        if (comment.StartsWith("apiKey", StringComparison.Ordinal))
        {
            return new CallRefused($"Codeforces refuses the key ({comment}). Check Upstreams:codeforces:Token.");
        }

        if (NotFound().IsMatch(comment))
        {
            return new CallMissing($"{Name}: handle not found", comment);
        }

        if (comment.Contains("should contain", StringComparison.Ordinal) || comment.Contains("Field is invalid", StringComparison.Ordinal))
        {
            return new CallMissing($"{Name}: handle not valid", comment);
        }

        return status is >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests ? null : new CallGarbled($"{Name}: question not understood", comment);
    }

    /// <summary>
    /// Whether an answer is the one before it over again. A renamed account answers under another name, so names alone tell nothing; the same names in the same order for
    /// other questions do. Forgets what it told, so that asking once more decides.
    /// </summary>
    internal bool IsRepeated(IReadOnlyList<ProfileSnapshot> profiles, bool asAsked)
    {
        var handles = string.Join(';', profiles.Select(profile => profile.Handle));
        var before = Interlocked.Exchange(ref _before, handles);
        if (asAsked || before != handles)
        {
            return false;
        }

        _before = null;
        return true;
    }

    /// <summary>The handle that a comment names, or null. Its case may differ from the one that was asked for.</summary>
    internal static string? UnknownHandle(string comment) => NotFound().Match(comment) is { Success: true } match ? match.Groups[1].Value : null;

    [GeneratedRegex("User with handle (.+) not found")]
    private static partial Regex NotFound();
}
