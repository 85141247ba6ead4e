using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Writes answers of platforms, any number at once. An answer older than the stored one changes nothing, so writing twice, or out of order, is harmless.
/// </summary>
internal static class ProfileWriter
{
    // Rows are locked in the order of their ids: two commits with profiles in common never wait for each other crosswise.
    private const string FoundSql = """
        -- name: WriteFoundProfiles
        WITH input AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::integer[], $8::integer[], $9::integer[],
                $10::integer[], $11::integer[], $12::text[], $13::text[], $14::timestamptz[], $15::text[], $16::text[], $17::bigint[])
                AS i(id, at, handle, rating, max_rating, rank, solved_total, solved_easy, solved_medium, solved_hard, contests, avatar, country, last_active_at, details, etag, hash)
        ), newer AS MATERIALIZED (
            SELECT p.id, p.content_hash AS old_hash FROM coding_profiles p JOIN input i ON i.id = p.id
            WHERE p.fetched_at IS NULL OR p.fetched_at < i.at
            ORDER BY p.id FOR UPDATE OF p
        ), history AS (
            INSERT INTO coding_profile_history (profile_id, at, rating, max_rating, rank, solved_total, contests)
            SELECT i.id, i.at, i.rating, i.max_rating, i.rank, i.solved_total, i.contests
            FROM input i JOIN newer n ON n.id = i.id WHERE n.old_hash IS DISTINCT FROM i.hash
            ON CONFLICT (profile_id, at) DO NOTHING
        )
        UPDATE coding_profiles p SET state = 'found', current_handle = nullif(i.handle, p.handle), rating = i.rating, max_rating = i.max_rating, rank = i.rank,
            solved_total = i.solved_total, solved_easy = i.solved_easy, solved_medium = i.solved_medium, solved_hard = i.solved_hard, contests = i.contests,
            avatar = i.avatar, country = i.country, last_active_at = i.last_active_at, details = i.details, etag = i.etag, fetched_at = i.at,
            changed_at = CASE WHEN n.old_hash IS DISTINCT FROM i.hash THEN i.at ELSE p.changed_at END, content_hash = i.hash
        FROM input i JOIN newer n ON n.id = i.id
        WHERE p.id = i.id
        """;

    private const string SeenSql = """
        -- name: WriteSeenProfiles
        UPDATE coding_profiles p SET fetched_at = i.at, state = CASE WHEN i.missing THEN 'missing' ELSE p.state END,
            etag = CASE WHEN i.missing THEN NULL ELSE p.etag END
        FROM (SELECT p.id, i.at, i.missing
              FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[]) AS i(id, at, missing) JOIN coding_profiles p ON p.id = i.id
              WHERE p.fetched_at IS NULL OR p.fetched_at < i.at
              ORDER BY p.id FOR UPDATE OF p) i
        WHERE p.id = i.id
        """;

    public static async Task WriteAsync(NpgsqlConnection connection, IEnumerable<ProfileWrite> writes, CancellationToken cancellationToken)
    {
        var found = new List<WriteFound>();
        var seen = new List<ProfileWrite>();
        foreach (var write in writes)
        {
            if (write is WriteFound one)
            {
                found.Add(one);
            }
            else
            {
                seen.Add(write);
            }
        }

        if (found.Count > 0)
        {
            await Found(connection, found).RunAsync(cancellationToken);
        }

        if (seen.Count > 0)
        {
            await connection.Sql(SeenSql)
                .With(seen.ConvertAll(write => write.ProfileId).ToArray()).With(seen.ConvertAll(write => write.At).ToArray()).With(seen.ConvertAll(write => write is WriteMissing).ToArray())
                .RunAsync(cancellationToken);
        }
    }

    private static NpgsqlCommand Found(NpgsqlConnection connection, List<WriteFound> found)
    {
        return connection.Sql(FoundSql)
            .With(Column(write => write.ProfileId)).With(Column(write => write.At)).With(Column(write => write.Profile.Handle))
            .With(Column(write => write.Profile.Rating)).With(Column(write => write.Profile.MaxRating)).WithTyped(Texts, Column(write => write.Profile.Rank))
            .With(Column(write => write.Profile.SolvedTotal)).With(Column(write => write.Profile.SolvedEasy))
            .With(Column(write => write.Profile.SolvedMedium)).With(Column(write => write.Profile.SolvedHard)).With(Column(write => write.Profile.Contests))
            .WithTyped(Texts, Column(write => write.Profile.Avatar)).WithTyped(Texts, Column(write => write.Profile.Country))
            .With(Column(write => write.Profile.LastActiveAt)).With(Column(write => write.Profile.Details))
            .WithTyped(Texts, Column(write => write.Profile.ETag)).With(Column(write => write.ContentHash));

        T[] Column<T>(Func<WriteFound, T> of)
        {
            var column = new T[found.Count];
            for (var i = 0; i < column.Length; i++)
            {
                column[i] = of(found[i]);
            }

            return column;
        }
    }

    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;
}
