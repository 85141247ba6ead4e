using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// AtCoder has no API of its own for accounts: the rating comes from the site's history (<c>SecondUrl</c>), solved problems from AtCoder Problems (<c>BaseUrl</c>).
/// An account that solved nothing is unknown to the one, an account that never competed has an empty history at the other; who is unknown to both does not exist.
/// </summary>
internal sealed class AtCoderPlatform : PlatformAdapter
{
    public const string PlatformName = "atcoder";

    private static readonly HandleRule Rule = new("AtCoder", 1, 40, "_-.");
    private static readonly (int From, string Colour)[] Colours =
        [(2800, "red"), (2400, "orange"), (2000, "yellow"), (1600, "blue"), (1200, "cyan"), (800, "green"), (400, "brown"), (int.MinValue, "grey")];

    private readonly Uri _site;

    public AtCoderPlatform(UpstreamGates gates)
        : base(gates, PlatformName, Rule, TimeSpan.FromSeconds(60)) => _site = SecondUrl("the rating history");

    protected override async Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        var ask = new PlatformAsk(Client, budget, cancellationToken);
        var history = await ask.SendAsync(() => HistoryRequest(handle), ReadHistoryAsync);
        if (history is not (CallAnswered<IReadOnlyList<AtCoderContest>> or CallMissing))
        {
            return history;
        }

        var solved = await ask.SendAsync(
            () => PlatformRequest.Get(Client.Options.BaseUrl, $"/atcoder-api/v3/user/ac_rank?user={Uri.EscapeDataString(handle)}", PlatformRequest.Ours),
            ReadSolvedAsync);
        return (history, solved) switch
        {
            (CallMissing missing, CallMissing) => missing with { Cost = ask.Cost },
            (_, not (CallAnswered<AtCoderSolved> or CallMissing)) => solved,
            _ => ask.Answer(
                new PlatformProfile(Profile(handle, (history as CallAnswered<IReadOnlyList<AtCoderContest>>)?.Value ?? [], (solved as CallAnswered<AtCoderSolved>)?.Value)),
                solved),
        };
    }

    protected override async Task<CallResult> AskHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken)
    {
        var history = await Client.SendAsync(budget, () => HistoryRequest(handle), ReadHistoryAsync, cancellationToken);
        return history is CallAnswered<IReadOnlyList<AtCoderContest>> answered
            ? new CallAnswered<RatingHistory>(new RatingHistory([.. answered.Value.Where(contest => contest.IsRated).Select(contest => contest.Point)])) { Cost = history.Cost, Attempts = history.Attempts }
            : history;
    }

    private HttpRequestMessage HistoryRequest(string handle) => PlatformRequest.Get(_site, $"/users/{Uri.EscapeDataString(handle)}/history/json", PlatformRequest.Ours);

    private Task<CallResult> ReadHistoryAsync(HttpResponseMessage response, CancellationToken cancellationToken) => response.StatusCode == HttpStatusCode.NotFound
        ? Missing("AtCoder answered 404 for this user.")
        : Reader.JsonAsync(response, (status, root) => status == HttpStatusCode.OK ? new CallAnswered<IReadOnlyList<AtCoderContest>>(Contests(root)) : null, cancellationToken);

    private Task<CallResult> ReadSolvedAsync(HttpResponseMessage response, CancellationToken cancellationToken) => response.StatusCode == HttpStatusCode.NotFound
        ? Missing("AtCoder Problems answered 404 for this user.")
        : Reader.JsonAsync(
            response,
            (status, root) => status == HttpStatusCode.OK
                ? new CallAnswered<AtCoderSolved>(new AtCoderSolved(root.Int("count") ?? throw new FormatException("'count' is missing."), root.Int("rank")))
                : null,
            cancellationToken);

    private Task<CallResult> Missing(string message) => Task.FromResult<CallResult>(new CallMissing($"{Name}: user not found", message));

    private static List<AtCoderContest> Contests(JsonElement root) => [.. root.Elements("history")
        .Select(contest => new AtCoderContest(
            contest.Flag("IsRated") ?? throw new FormatException("'IsRated' is missing."),
            contest.Int("Performance"),
            new RatingPoint(
                contest.Instant("EndTime") ?? throw new FormatException("'EndTime' is missing."),
                contest.Text("ContestNameEn") ?? contest.RequireText("ContestName"),
                contest.Int("Place"),
                contest.Int("OldRating") ?? throw new FormatException("'OldRating' is missing."),
                contest.Int("NewRating") ?? throw new FormatException("'NewRating' is missing."))))
        .OrderBy(contest => contest.Point.At)];

    private ProfileSnapshot Profile(string handle, IReadOnlyList<AtCoderContest> contests, AtCoderSolved? solved)
    {
        var rated = contests.Where(contest => contest.IsRated).ToList();
        int? rating = rated.Count == 0 ? null : rated[^1].Point.NewRating;
        var last = contests.Count == 0 ? null : contests[^1];
        using var details = new ProfileDetails();
        return new ProfileSnapshot
        {
            Handle = handle,
            Rating = rating,
            MaxRating = rated.Count == 0 ? null : rated.Max(contest => contest.Point.NewRating),
            Rank = rating is null ? null : Array.Find(Colours, colour => rating >= colour.From).Colour,
            SolvedTotal = solved?.Count,
            Contests = rated.Count == 0 ? null : rated.Count,
            LastActiveAt = last?.Point.At,
            Details = details
                .Number("acceptedRank", solved?.Rank)
                .Number("participations", contests.Count == 0 ? null : contests.Count)
                .Text("lastContest", last?.Point.Contest)
                .Number("lastPlace", last?.Point.Place)
                .Number("lastPerformance", last?.Performance)
                .Moment("lastContestAt", last?.Point.At)
                .ToJson(),
            FetchedAt = Client.Time.GetUtcNow(),
        };
    }

    private sealed record AtCoderContest(bool IsRated, int? Performance, RatingPoint Point);

    private sealed record AtCoderSolved(int Count, int? Rank);
}
