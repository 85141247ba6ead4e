using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>Rating histories as the platforms gave them, for five minutes: however many look, and however often, a platform is asked once. What is no answer is not kept.</summary>
public sealed class RatingHistories(TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    private const int Most = 500;

    private readonly BriefCache<(string Platform, string Handle), CallResult> _cache = new(Fresh, time, Most);

    internal async Task<CallResult> ReadAsync(ICodingPlatform platform, string handle, CancellationToken cancellationToken)
    {
        var key = (platform.Name, handle.ToLowerInvariant());
        var result = await _cache.GetAsync(key, _ => platform.FetchRatingHistoryAsync(handle, CallBudget.Interactive, CancellationToken.None), cancellationToken); // shared by all who ask meanwhile, so it does not end with the one who began it
        if (result is not (CallAnswered<RatingHistory> or CallMissing))
        {
            _cache.Forget(key);
        }

        return result;
    }
}
