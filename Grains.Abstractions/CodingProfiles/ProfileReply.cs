using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// What an ask for a profile came to. Closed: <see cref="ProfileFound"/>, <see cref="ProfileUnchanged"/>, <see cref="ProfileMissing"/>,
/// <see cref="ProfileDeferred"/>, <see cref="ProfileFailed"/>, <see cref="ProfileRefused"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileReply")]
public abstract record ProfileReply
{
    /// <summary>What the answer cost; nothing when it came from memory.</summary>
    [Id(0)] public CallCost Cost { get; init; } = CallCost.None;
}

/// <summary>The platform's answer. <see cref="FromCache"/> tells that it was in memory already, and then it needs no writing again.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileFound")]
public sealed record ProfileFound(
    [property: Id(0)] ProfileSnapshot Profile,
    [property: Id(1)] bool FromCache) : ProfileReply;

/// <summary>The platform says that the stored answer still holds (HTTP 304).</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileUnchanged")]
public sealed record ProfileUnchanged([property: Id(0)] DateTimeOffset FetchedAt) : ProfileReply;

/// <summary>The platform knows no such handle: asking again would not help.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileMissing")]
public sealed record ProfileMissing([property: Id(0)] string Cause, [property: Id(1)] string Message) : ProfileReply;

/// <summary>Not now: the gate is closed or the next try has to wait. <see cref="AttemptsSpent"/> counts tries that were really made.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileDeferred")]
public sealed record ProfileDeferred(
    [property: Id(0)] TimeSpan After,
    [property: Id(1)] string Reason,
    [property: Id(2)] int AttemptsSpent) : ProfileReply;

/// <summary>All tries are spent, or the answer was garbage.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileFailed")]
public sealed record ProfileFailed(
    [property: Id(0)] string Cause,
    [property: Id(1)] string Message,
    [property: Id(2)] int Attempts) : ProfileReply
{
    /// <summary>The answer could not be data.</summary>
    [Id(3)] public bool Garbled { get; init; }
}

/// <summary>The platform refuses the service itself (credentials, quota): no item of this upstream can succeed now.</summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileRefused")]
public sealed record ProfileRefused([property: Id(0)] string Upstream, [property: Id(1)] string Reason) : ProfileReply;
