using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>
/// Usernames as pages and the HTTP API see them, a page at a time by key. Each way to ask has a statement of its own, in the order of the index that serves it
/// (<c>scripts/sql/database_indexes.sql</c>). On the interactive lane.
/// </summary>
public sealed class UsernameStore(Database database)
{
    private const string Columns = "id, username, full_name, used, used_at, ingested_at, job_id, ord";
    private const string ByTime = """
        (ingested_at, id) > (coalesce($2::timestamptz, '-infinity'), coalesce($1::text, '')) AND ingested_at >= coalesce($3::timestamptz, '-infinity') AND ingested_at < coalesce($4::timestamptz, 'infinity')
        ORDER BY ingested_at, id LIMIT $5
        """;

    private const string ByIdSql = $"""
        -- name: ListUsernamesById
        SELECT {Columns} FROM global_usernames WHERE id > coalesce($1::text, '') ORDER BY id LIMIT $2
        """;

    private const string ByTimeSql = $"""
        -- name: ListUsernamesByTime
        SELECT {Columns} FROM global_usernames WHERE {ByTime}
        """;

    private const string UnusedSql = $"""
        -- name: ListUnusedUsernames
        SELECT {Columns} FROM global_usernames WHERE NOT used AND {ByTime}
        """;

    private const string UsedSql = $"""
        -- name: ListUsedUsernames
        SELECT {Columns} FROM global_usernames WHERE used AND {ByTime}
        """;

    private const string SearchSql = $"""
        -- name: SearchUsernames
        SELECT {Columns} FROM global_usernames
        WHERE lower(username COLLATE "C") >= $1 AND lower(username COLLATE "C") < $2 AND (lower(username COLLATE "C"), id) > (coalesce($3::text, ''), coalesce($4::text, ''))
          AND ($5::boolean IS NULL OR used = $5) AND ($6::timestamptz IS NULL OR ingested_at >= $6) AND ($7::timestamptz IS NULL OR ingested_at < $7)
        ORDER BY lower(username COLLATE "C"), id LIMIT $8
        """;

    private const string OfIngestSql = $"""
        -- name: ListUsernamesOfIngest
        SELECT {Columns} FROM global_usernames WHERE job_id = $1 AND ord > $2 ORDER BY ord LIMIT $3
        """;

    private const string CountUnusedSql = """
        -- name: CountUnusedUsernames
        SELECT count(*) FROM (SELECT FROM global_usernames WHERE NOT used LIMIT $1) AS counted
        """;

    private const string FindSql = $"""
        -- name: FindUsername
        SELECT {Columns} FROM global_usernames WHERE id = $1
        """;

    /// <summary>A page: by id without a filter, by time of ingest (the order in which they are handed out) with one, by username when searched.</summary>
    /// <param name="after">The last one of the page before.</param>
    public async Task<IReadOnlyList<UsernameRow>> ListAsync(UsernameFilter filter, UsernamePlace? after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        if (filter.Search is { Length: > 0 } search)
        {
            var prefix = UsernamePlace.Fold(search);
            return await connection.Sql(SearchSql)
                .With(prefix).With(prefix + "\U0010FFFF").WithText(after?.Name).WithText(after?.Id)
                .WithTyped(NpgsqlDbType.Boolean, filter.Used).WithTyped(NpgsqlDbType.TimestampTz, filter.From).WithTyped(NpgsqlDbType.TimestampTz, filter.To).With(limit)
                .ListAsync(UsernameRow.Read, cancellationToken);
        }

        if (filter is { Used: null, From: null, To: null })
        {
            return await connection.Sql(ByIdSql).WithText(after?.Id).With(limit).ListAsync(UsernameRow.Read, cancellationToken);
        }

        var sql = filter.Used switch { true => UsedSql, false => UnusedSql, null => ByTimeSql };
        return await connection.Sql(sql)
            .WithText(after?.Id).WithTyped(NpgsqlDbType.TimestampTz, after?.IngestedAt)
            .WithTyped(NpgsqlDbType.TimestampTz, filter.From).WithTyped(NpgsqlDbType.TimestampTz, filter.To).With(limit)
            .ListAsync(UsernameRow.Read, cancellationToken);
    }

    /// <summary>The first usernames that one ingest brought, in the order of its rows.</summary>
    public async Task<IReadOnlyList<UsernameRow>> ListOfIngestAsync(Guid jobId, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(OfIngestSql).With(jobId).With(-1).With(limit).ListAsync(UsernameRow.Read, cancellationToken);
    }

    /// <summary>The username with this id, or null.</summary>
    public async Task<UsernameRow?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(FindSql).With(id).FirstAsync(UsernameRow.Read, cancellationToken);
    }

    /// <summary>How many are unused; counts up to <paramref name="most"/> only, so that it stays quick however many there are.</summary>
    public async Task<long> CountUnusedAsync(long most, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        return (long)(await connection.Sql(CountUnusedSql).With(most).FirstAsync(row => (object)row.GetInt64(0), cancellationToken))!;
    }
}
