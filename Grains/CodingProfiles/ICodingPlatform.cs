using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// One platform that keeps coding profiles: the seam between profile grains and a wire format. Results: <see cref="CallAnswered{T}"/> of
/// <see cref="PlatformAnswer"/>, or any other <see cref="CallResult"/>.
/// </summary>
public interface ICodingPlatform
{
    /// <summary>The platform's name, which is its upstream's name too.</summary>
    string Name { get; }

    /// <summary>Profiles that one call can ask for, as things are configured now. 1 where the API has no such call.</summary>
    int ProfilesPerCall { get; }

    /// <summary>Why a handle cannot be one of this platform, in words; null when it can. Saves a call that could only fail.</summary>
    string? WhyInvalid(string handle);

    /// <summary>Asks the platform for one profile; several asks may share a call.</summary>
    /// <param name="handle">The handle as registered.</param>
    /// <param name="etag">The validator of the stored answer, or null.</param>
    Task<CallResult> FetchAsync(string handle, string? etag, CallBudget budget, CancellationToken cancellationToken);

    /// <summary>The profile's rating history, oldest first; <see cref="CallMissing"/> where the platform has none. Answers <see cref="CallAnswered{T}"/> of <see cref="RatingHistory"/>.</summary>
    Task<CallResult> FetchRatingHistoryAsync(string handle, CallBudget budget, CancellationToken cancellationToken) =>
        Task.FromResult<CallResult>(new CallMissing($"{Name}: no rating history", $"{Name} publishes no rating history."));
}

/// <summary>A platform's answer for one profile. Closed: <see cref="PlatformProfile"/>, <see cref="PlatformUnchanged"/>.</summary>
public abstract record PlatformAnswer;

public sealed record PlatformProfile(ProfileSnapshot Profile) : PlatformAnswer;

/// <summary>HTTP 304: the stored answer still holds.</summary>
public sealed record PlatformUnchanged : PlatformAnswer;

/// <summary>Rated contests, oldest first.</summary>
public sealed record RatingHistory(IReadOnlyList<RatingPoint> Points);

/// <param name="At">When the rating changed.</param>
public sealed record RatingPoint(DateTimeOffset At, string Contest, int? Place, int OldRating, int NewRating);
