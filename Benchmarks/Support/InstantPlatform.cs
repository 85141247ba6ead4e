using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>A platform in this process that answers at once, with a profile as full as real ones are.</summary>
internal sealed class InstantPlatform : ICodingPlatform
{
    public const string PlatformName = "leetcode";

    private static readonly CallCost OneCall = CallCost.None with { Calls = 1 };

    public string Name => PlatformName;

    public int ProfilesPerCall => 1;

    public string? WhyInvalid(string handle) => null;

    public Task<CallResult> FetchAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken)
    {
        var solved = handle.Length * 37;
        var profile = new ProfileSnapshot
        {
            Handle = handle,
            Rating = 1500 + solved,
            MaxRating = 1600 + solved,
            Rank = "Knight",
            SolvedTotal = solved,
            SolvedEasy = solved / 2,
            SolvedMedium = solved / 3,
            SolvedHard = solved - (solved / 2) - (solved / 3),
            Contests = 12,
            Avatar = "https://assets.example.org/users/avatars/avatar_1700000000.png",
            Country = "Norway",
            LastActiveAt = DateTimeOffset.UnixEpoch.AddDays(20_000),
            Details = """{"name":"A Person","company":"Example","school":"Somewhere","reputation":42,"globalRanking":123456,"skills":["csharp","sql"]}""",
            FetchedAt = TimeProvider.System.GetUtcNow(),
        };
        return Task.FromResult<CallResult>(new CallAnswered<PlatformAnswer>(new PlatformProfile(profile)) { Attempts = budget.AttemptsSpent + 1, Cost = OneCall });
    }
}
