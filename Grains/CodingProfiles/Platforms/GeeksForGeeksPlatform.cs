using System.Globalization;
using System.Net;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>GeeksforGeeks' site JSON: the profile from one host (<c>BaseUrl</c>), what was solved by difficulty from another (<c>SecondUrl</c>).</summary>
internal sealed class GeeksForGeeksPlatform : PlatformAdapter
{
    public const string PlatformName = "geeksforgeeks";

    private const string Site = "https://www.geeksforgeeks.org";
    private static readonly HandleRule Rule = new("GeeksforGeeks", 1, 64, "_-.");

    private readonly Uri _practice;

    public GeeksForGeeksPlatform(UpstreamGates gates)
        : base(gates, PlatformName, Rule, TimeSpan.FromMinutes(2)) => _practice = SecondUrl("what was solved");

    protected override async Task<CallResult> AskAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        var ask = new PlatformAsk(Client, budget, cancellationToken);
        var profile = await ask.SendAsync(
            () => FromSite(PlatformRequest.Get(
                Client.Options.BaseUrl, $"/api-get/user-profile-info/?handle={Uri.EscapeDataString(handle)}&article_count=false&redirect=true", PlatformRequest.Browser)),
            (response, token) => Reader.JsonAsync(response, (status, root) => ReadProfile(status, root, handle), token));
        if (profile is not CallAnswered<ProfileSnapshot> answered)
        {
            return profile;
        }

        var question = JsonSerializer.Serialize(new Dictionary<string, string> { ["handle"] = handle, ["requestType"] = "", ["year"] = "", ["month"] = "" });
        var solved = await ask.SendAsync(
            () => FromSite(PlatformRequest.Post(_practice, "/api/v1/user/problems/submissions/", PlatformRequest.Browser, new StringContent(question, null, "application/json"))),
            (response, token) => Reader.JsonAsync(response, ReadSolved, token));
        return solved switch
        {
            CallAnswered<SolvedByDifficulty> { Value: var counts } => ask.Answer(
                new PlatformProfile(answered.Value with
                {
                    SolvedTotal = answered.Value.SolvedTotal ?? counts.Total,
                    SolvedEasy = counts.Easy,
                    SolvedMedium = counts.Medium,
                    SolvedHard = counts.Hard,
                }),
                solved),
            CallMissing or CallGarbled => ask.Answer(new PlatformProfile(answered.Value), solved), // the profile stands without
            _ => solved,
        };
    }

    private static HttpRequestMessage FromSite(HttpRequestMessage request) => request.With("Origin", Site).With("Referer", Site + "/");

    private CallResult? ReadProfile(HttpStatusCode status, JsonElement root, string handle)
    {
        var message = root.Text("message", ProfileText.Long) ?? "";
        if (Says(message, "user not found") || Says(message, "valid user details") || status is HttpStatusCode.NotFound or HttpStatusCode.NotAcceptable)
        {
            return new CallMissing($"{Name}: user not found", message.Length > 0 ? message : $"GeeksforGeeks answered {(int)status} for this user.");
        }

        return status == HttpStatusCode.OK ? new CallAnswered<ProfileSnapshot>(Profile(root.Require("data"), handle)) : null;
    }

    private CallResult? ReadSolved(HttpStatusCode status, JsonElement root)
    {
        if (root.Text("status") == "failed")
        {
            return new CallMissing($"{Name}: no submissions", root.Text("message", ProfileText.Long) ?? "failed");
        }

        if (status != HttpStatusCode.OK)
        {
            return null;
        }

        var result = root.Require("result");
        return new CallAnswered<SolvedByDifficulty>(new SolvedByDifficulty(
            root.Int("count"),
            Count(result, "School") + Count(result, "Basic") + Count(result, "Easy"),
            Count(result, "Medium"),
            Count(result, "Hard")));
    }

    private ProfileSnapshot Profile(JsonElement data, string handle)
    {
        using var details = new ProfileDetails();
        return new ProfileSnapshot
        {
            Handle = handle,
            Rank = data.Int("institute_rank") is { } rank ? string.Create(CultureInfo.InvariantCulture, $"#{rank} of its institute") : null,
            SolvedTotal = data.Int("total_problems_solved"),
            Avatar = ProfileText.WebAddress(data.Text("profile_image_url", ProfileText.Long)),
            Details = details
                .Text("name", data.Text("name"))
                .Text("institute", data.Text("institute_name"))
                .Number("score", data.Real("score"))
                .Number("monthlyScore", data.Real("monthly_score"))
                .Number("longestStreak", data.Int("pod_solved_longest_streak"))
                .Number("currentStreak", data.Int("pod_solved_current_streak"))
                .Number("problemsOfTheDay", data.Int("pod_correct_submissions_count"))
                .ToJson(),
            FetchedAt = Client.Time.GetUtcNow(),
        };
    }

    /// <summary>Problems are the members of an object; a difficulty without any may be missing.</summary>
    private static int Count(JsonElement result, string difficulty) => result.Find(difficulty) switch
    {
        null => 0,
        { ValueKind: JsonValueKind.Object } problems => problems.GetPropertyCount(),
        { ValueKind: JsonValueKind.Array } problems => problems.GetArrayLength(),
        { } other => throw new FormatException($"'{difficulty}' is {other.ValueKind}, problems were wanted."),
    };

    private static bool Says(string message, string words) => message.Contains(words, StringComparison.OrdinalIgnoreCase);

    private sealed record SolvedByDifficulty(int? Total, int Easy, int Medium, int Hard);
}
