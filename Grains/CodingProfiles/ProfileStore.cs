using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.CodingProfiles;

/// <summary>Registered profiles: registering, listing, reading, deleting. On the interactive lane.</summary>
public sealed class ProfileStore(Database database, TimeProvider time)
{
    private const int RegisterRows = 5000; // per statement; all statements of one request are one transaction

    private const string RegisterSql = """
        -- name: RegisterProfiles
        INSERT INTO coding_profiles (id, platform, handle, handle_key, owner)
        SELECT u.* FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS u
        ON CONFLICT (platform, handle_key) DO NOTHING
        """;

    /// <summary>Registers profiles, all or none. Answers how many were new; the others were known, or stood in the list twice.</summary>
    public async Task<int> RegisterAsync(IReadOnlyList<NewProfile> profiles, CancellationToken cancellationToken)
    {
        // Sorted as the unique index is: two requests with profiles in common wait for each other, never crosswise.
        var sorted = profiles.Select(profile => (Profile: profile, Key: profile.Handle.ToLowerInvariant()))
            .OrderBy(row => row.Profile.Platform, StringComparer.Ordinal).ThenBy(row => row.Key, StringComparer.Ordinal).ToArray();
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var registered = 0;
        foreach (var rows in sorted.Chunk(RegisterRows))
        {
            registered += await connection.Sql(RegisterSql)
                .With(Array.ConvertAll(rows, _ => Guid.CreateVersion7(time.GetUtcNow())))
                .With(Array.ConvertAll(rows, row => row.Profile.Platform)).With(Array.ConvertAll(rows, row => row.Profile.Handle)).With(Array.ConvertAll(rows, row => row.Key))
                .WithTyped(NpgsqlDbType.Array | NpgsqlDbType.Text, Array.ConvertAll(rows, row => row.Profile.Owner))
                .RunAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return registered;
    }

    private const string ListSql = $"""
        -- name: ListProfiles
        SELECT {ProfileRow.Columns} FROM coding_profiles
        WHERE ($1::text IS NULL OR platform = $1)
          AND ($2::text IS NULL OR handle_key LIKE $2)
          AND ($3::text IS NULL OR owner = $3)
          AND ($4::timestamptz IS NULL OR fetched_at IS NULL OR fetched_at < $4)
          AND ($5::text IS NULL OR state = $5)
          AND ($6::text IS NULL OR (platform, handle_key) > ($6, $7))
        ORDER BY platform, handle_key
        LIMIT $8
        """;

    /// <summary>By platform and handle, from behind the given one on.</summary>
    public async Task<IReadOnlyList<ProfileRow>> ListAsync(ProfileFilter filter, (string Platform, string HandleKey)? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(ListSql).With(filter).WithText(after?.Platform).WithText(after?.HandleKey).With(limit).ListAsync(ProfileRow.Read, cancellationToken);
    }

    private const string FindSql = $"""
        -- name: FindProfile
        SELECT {ProfileRow.Columns}, details FROM coding_profiles WHERE platform = $1 AND handle_key = $2
        """;

    public async Task<ProfileRow?> FindAsync(string platform, string handle, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(platform).With(handle.ToLowerInvariant()).FirstAsync(ProfileRow.Read, cancellationToken);
    }

    private const string HistorySql = """
        -- name: ReadHistory
        SELECT at, rating, max_rating, rank, solved_total, contests FROM coding_profile_history WHERE profile_id = $1 ORDER BY at DESC LIMIT $2
        """;

    /// <summary>What changed when, newest first.</summary>
    public async Task<IReadOnlyList<ProfileChange>> ReadHistoryAsync(Guid profileId, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(HistorySql).With(profileId).With(limit)
            .ListAsync(row => new ProfileChange(row.GetFieldValue<DateTimeOffset>(0), row.Int(1), row.Int(2), row.Text(3), row.Int(4), row.Int(5)), cancellationToken);
    }

    private const string DeleteSql = """
        -- name: DeleteProfiles
        DELETE FROM coding_profiles WHERE id = ANY($1)
        """;

    /// <summary>Deletes profiles with their history. Answers how many there were.</summary>
    public async Task<int> DeleteAsync(Guid[] ids, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(DeleteSql).With(ids).RunAsync(cancellationToken);
    }

    /// <summary>Writes one platform's answer that a person waited for.</summary>
    internal async Task WriteAsync(ProfileWrite write, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await ProfileWriter.WriteAsync(connection, [write], cancellationToken);
    }
}

/// <summary>A profile to register, checked already.</summary>
public readonly record struct NewProfile(string Platform, string Handle, string? Owner);

/// <summary>A profile as it was from a moment on.</summary>
public sealed record ProfileChange(DateTimeOffset At, int? Rating, int? MaxRating, string? Rank, int? SolvedTotal, int? Contests);

internal static class ProfileFilterParameters
{
    /// <summary>Adds the filter as five parameters: platform, pattern, owner, stale after, state.</summary>
    public static NpgsqlCommand With(this NpgsqlCommand command, ProfileFilter filter) => command
        .WithText(filter.Platform).WithText(filter.Pattern).WithText(filter.Owner).WithTyped(NpgsqlDbType.TimestampTz, filter.StaleAfter?.ToUniversalTime()).WithText(filter.State);
}
