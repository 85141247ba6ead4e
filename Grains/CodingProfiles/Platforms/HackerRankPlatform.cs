using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// HackerRank's site JSON: the profile, and the badges, which say what was solved. The contest scores are left alone: a third call for contests that are hardly held any more.
/// </summary>
internal sealed class HackerRankPlatform(UpstreamGates gates) : PlatformAdapter(gates, PlatformName, Rule, TimeSpan.FromMinutes(2))
{
    public const string PlatformName = "hackerrank";

    private static readonly HandleRule Rule = new("HackerRank", 1, 64, "_-.");

    protected override async Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        var ask = new PlatformAsk(Client, budget, cancellationToken);
        var person = Uri.EscapeDataString(handle);
        var profile = await ask.SendAsync(
            () => Get($"/rest/contests/master/hackers/{person}/profile"),
            (response, token) => ReadAsync(response, root => Profile(root.Require("model"), handle), token));
        if (profile is not CallAnswered<HackerRankProfile> { Value: var (snapshot, details) })
        {
            return profile;
        }

        var badges = await ask.SendAsync(
            () => Get($"/rest/hackers/{person}/badges"),
            (response, token) => ReadAsync(response, root => new CallAnswered<HackerRankBadges>(Badges(root)), token));
        switch (badges)
        {
            case CallAnswered<HackerRankBadges> { Value: var earned }:
                details.Numbers("badgeStars", earned.Stars);
                return ask.Answer(new PlatformProfile(snapshot with { SolvedTotal = earned.Solved, Details = details.ToJson() }), badges);
            case CallMissing or CallGarbled:
                // Without badges a profile is still one; but what only has to wait is waited for, or the stored number would come and go.
                return ask.Answer(new PlatformProfile(snapshot with { Details = details.ToJson() }), badges);
            default:
                return badges;
        }
    }

    private HttpRequestMessage Get(string path) => PlatformRequest.Get(Client.Options.BaseUrl, path, PlatformRequest.Browser);

    private Task<CallResult> ReadAsync(HttpResponseMessage response, Func<JsonElement, CallResult> read, CancellationToken cancellationToken) =>
        response.StatusCode == HttpStatusCode.NotFound
            ? Task.FromResult<CallResult>(new CallMissing($"{Name}: user not found", "HackerRank answered 404 for this user."))
            : Reader.JsonAsync(response, (status, root) => status == HttpStatusCode.OK ? read(root) : null, cancellationToken);

    private CallResult Profile(JsonElement model, string asked)
    {
        var snapshot = new ProfileSnapshot
        {
            Handle = model.RequireText("username"),
            Rank = model.Text("title"),
            Avatar = ProfileText.WebAddress(model.Text("avatar", ProfileText.Long)),
            Country = model.Text("country"),
            FetchedAt = Client.Time.GetUtcNow(),
        };
        return Reader.Another(asked, snapshot.Handle) ?? (CallResult)new CallAnswered<HackerRankProfile>(new HackerRankProfile(snapshot, new ProfileDetails()
            .Text("name", model.Text("name"))
            .Text("school", model.Text("school"))
            .Text("company", model.Text("company"))
            .Text("website", model.Text("website", ProfileText.Long))
            .Text("bio", model.Text("short_bio", ProfileText.Long))
            .Number("level", model.Int("level"))
            .Number("followers", model.Int("followers_count"))
            .Number("events", model.Int("event_count"))
            .Moment("createdAt", model.Instant("created_at"))));
    }

    private static HackerRankBadges Badges(JsonElement root)
    {
        var badges = root.Require("models").Elements("models");
        return new HackerRankBadges(
            badges.Count == 0 ? null : badges.Sum(badge => badge.Int("solved") ?? 0),
            [.. badges.Select(badge => KeyValuePair.Create(badge.RequireText("badge_name"), badge.Real("stars") ?? 0)).DistinctBy(badge => badge.Key)]);
    }

    /// <param name="Details">Still open: the badges come in too.</param>
    private sealed record HackerRankProfile(ProfileSnapshot Snapshot, ProfileDetails Details);

    private sealed record HackerRankBadges(int? Solved, IReadOnlyList<KeyValuePair<string, double>> Stars);
}
