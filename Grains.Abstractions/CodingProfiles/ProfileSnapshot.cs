namespace OrleansBulk.CodingProfiles;

/// <summary>
/// What a platform told about one profile at one moment. Null means that the platform did not say: never zero in its place.
/// </summary>
[GenerateSerializer, Immutable, Alias("OrleansBulk.ProfileSnapshot")]
public sealed record ProfileSnapshot
{
    /// <summary>The handle as the platform writes it; differs from the one asked for after a rename.</summary>
    [Id(0)] public required string Handle { get; init; }

    [Id(1)] public int? Rating { get; init; }

    [Id(2)] public int? MaxRating { get; init; }

    /// <summary>Rank or title in the platform's words: <c>grandmaster</c>, <c>5★</c>, <c>#630800</c>.</summary>
    [Id(3)] public string? Rank { get; init; }

    [Id(4)] public int? SolvedTotal { get; init; }

    [Id(5)] public int? SolvedEasy { get; init; }

    [Id(6)] public int? SolvedMedium { get; init; }

    [Id(7)] public int? SolvedHard { get; init; }

    [Id(8)] public int? Contests { get; init; }

    [Id(9)] public string? Avatar { get; init; }

    [Id(10)] public string? Country { get; init; }

    [Id(11)] public DateTimeOffset? LastActiveAt { get; init; }

    /// <summary>Everything else the platform said that is worth keeping, as a JSON object.</summary>
    [Id(12)] public string Details { get; init; } = "{}";

    /// <summary>The validator for the next conditional request, or null.</summary>
    [Id(13)] public string? ETag { get; init; }

    [Id(14)] public required DateTimeOffset FetchedAt { get; init; }
}
