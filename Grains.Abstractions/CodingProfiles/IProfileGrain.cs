namespace OrleansBulk.CodingProfiles;

/// <summary>
/// One coding profile: key <c>profile/{platform}/{handle in lower case}</c>. Keeps its answer for five minutes and joins asks that come at the same time into one call.
/// </summary>
[Alias("OrleansBulk.IProfileGrain")]
public interface IProfileGrain : IGrainWithStringKey
{
    /// <summary>
    /// The profile, from memory when that is young enough, else from the platform. Makes at most a few calls and always answers within
    /// <see cref="AskProfile.WaitAtMost"/> plus the upstream's time-out: what cannot be had by then is <see cref="ProfileDeferred"/>.
    /// </summary>
    [Alias("Ask")]
    Task<ProfileReply> AskAsync(AskProfile ask);
}

/// <param name="Handle">As registered, with its case.</param>
/// <param name="MaxAge">An answer younger than this is good enough.</param>
/// <param name="WaitAtMost">How long the ask may wait at the gate before it is deferred.</param>
/// <param name="Flow">On whose behalf (a job's id, or <c>interactive</c>): the gate serves flows in turn.</param>
/// <param name="FlowConcurrency">Highest number of calls at once for this flow; 0 means the upstream's own.</param>
/// <param name="AttemptsSpent">Attempts that were made for this item before.</param>
/// <param name="ETag">The validator of the stored answer, for platforms that know conditional requests.</param>
[GenerateSerializer, Immutable, Alias("OrleansBulk.AskProfile")]
public sealed record AskProfile(
    [property: Id(0)] string Handle,
    [property: Id(1)] TimeSpan MaxAge,
    [property: Id(2)] TimeSpan WaitAtMost,
    [property: Id(3)] string Flow,
    [property: Id(4)] int FlowConcurrency,
    [property: Id(5)] int AttemptsSpent,
    [property: Id(6)] string? ETag);

public static class ProfileKeys
{
    public static string GrainKey(string platform, string handle) => $"profile/{platform}/{handle.ToLowerInvariant()}";

    public static (string Platform, string Handle) Split(string grainKey)
    {
        var rest = grainKey.AsSpan("profile/".Length);
        var slash = rest.IndexOf('/');
        return (rest[..slash].ToString(), rest[(slash + 1)..].ToString());
    }

    public static IProfileGrain Profile(this IGrainFactory grains, string platform, string handle) =>
        grains.GetGrain<IProfileGrain>(GrainKey(platform, handle));
}
