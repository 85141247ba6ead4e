using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>A username and where it came from: the row <paramref name="Ordinal"/> of the ingest <paramref name="JobId"/>.</summary>
public sealed record UsernameRow(string Id, string Username, string? FullName, bool Used, DateTimeOffset? UsedAt, DateTimeOffset IngestedAt, Guid JobId, int Ordinal)
{
    internal static UsernameRow Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.Text(2), row.GetBoolean(3), row.Time(4), row.GetFieldValue<DateTimeOffset>(5), row.GetGuid(6), row.GetInt32(7));
}

/// <summary>Which usernames are asked for.</summary>
/// <param name="Search">The beginning of a username; A to Z in either case.</param>
/// <param name="From">Ingested then or later.</param>
/// <param name="To">Ingested before then.</param>
public sealed record UsernameFilter(bool? Used, string? Search, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Where a page of usernames ended.</summary>
/// <param name="Name">As <see cref="Fold"/> makes it.</param>
public sealed record UsernamePlace(DateTimeOffset IngestedAt, string Name, string Id)
{
    /// <summary>What PostgreSQL's lower() makes of a text in the collation "C", which the index is in: only A to Z change.</summary>
    public static string Fold(string text) => string.Create(text.Length, text, static (folded, text) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            folded[i] = char.IsAsciiLetterUpper(text[i]) ? (char)(text[i] | 0x20) : text[i];
        }
    });
}
