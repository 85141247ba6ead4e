using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.CodingProfiles;

/// <summary>A registered profile with what its platform said last. Null: the platform did not say, or was not asked yet.</summary>
public sealed record ProfileRow
{
    public required Guid Id { get; init; }

    public required string Platform { get; init; }

    /// <summary>As registered.</summary>
    public required string Handle { get; init; }

    /// <summary>The platform's own spelling where it differs: other case, or a new name.</summary>
    public string? CurrentHandle { get; init; }

    public string? Owner { get; init; }

    /// <summary>new (never asked), found, or missing (the platform knows no such handle).</summary>
    public required string State { get; init; }

    public int? Rating { get; init; }

    public int? MaxRating { get; init; }

    public string? Rank { get; init; }

    public int? SolvedTotal { get; init; }

    public int? SolvedEasy { get; init; }

    public int? SolvedMedium { get; init; }

    public int? SolvedHard { get; init; }

    public int? Contests { get; init; }

    public string? Avatar { get; init; }

    public string? Country { get; init; }

    public DateTimeOffset? LastActiveAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? FetchedAt { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>What else the platform said: a JSON object. Only when one profile is read.</summary>
    public string? Details { get; init; }

    internal string? ETag { get; init; }

    internal const string Columns = """
        id, platform, handle, current_handle, owner, state, rating, max_rating, rank, solved_total, solved_easy, solved_medium, solved_hard,
        contests, avatar, country, last_active_at, created_at, fetched_at, changed_at, etag
        """;

    internal static ProfileRow Read(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        Platform = row.GetString(1),
        Handle = row.GetString(2),
        CurrentHandle = row.Text(3),
        Owner = row.Text(4),
        State = row.GetString(5),
        Rating = row.Int(6),
        MaxRating = row.Int(7),
        Rank = row.Text(8),
        SolvedTotal = row.Int(9),
        SolvedEasy = row.Int(10),
        SolvedMedium = row.Int(11),
        SolvedHard = row.Int(12),
        Contests = row.Int(13),
        Avatar = row.Text(14),
        Country = row.Text(15),
        LastActiveAt = row.Time(16),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(17),
        FetchedAt = row.Time(18),
        ChangedAt = row.Time(19),
        ETag = row.Text(20),
        Details = row.FieldCount > 21 ? row.GetString(21) : null,
    };
}
