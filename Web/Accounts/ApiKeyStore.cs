using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>The table <c>api_keys</c>.</summary>
public sealed class ApiKeyStore(Database database)
{
    private const string FindApiKeySql = """
        -- name: FindApiKey
        SELECT id, name, prefix, scope, created_by, created_at, last_used_at, revoked_at FROM api_keys WHERE hash = $1
        """;

    /// <summary>The key with this hash, also when it was revoked.</summary>
    public async Task<ApiKey?> FindAsync(byte[] hash, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(FindApiKeySql);
        command.Parameters.AddWithValue(hash);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private const string ListApiKeysSql = """
        -- name: ListApiKeys
        SELECT id, name, prefix, scope, created_by, created_at, last_used_at, revoked_at FROM api_keys WHERE id < $1 ORDER BY id DESC LIMIT $2
        """;

    /// <summary>Keys, the newest first, those made before <paramref name="before"/>; null for the first page.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Guid? before, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(ListApiKeysSql);
        command.Parameters.AddWithValue(before ?? Guid.AllBitsSet);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<ApiKey>();
        while (await reader.ReadAsync(cancellationToken))
        {
            keys.Add(Read(reader));
        }

        return keys;
    }

    private const string CreateApiKeySql = """
        -- name: CreateApiKey
        INSERT INTO api_keys (id, name, prefix, hash, scope, created_by) VALUES ($1, $2, $3, $4, $5, $6)
        """;

    /// <summary>Makes a key. The caller shows <c>Secret</c> once and forgets it.</summary>
    /// <exception cref="ArgumentException">The name is empty or longer than 64 characters, or there is no such scope.</exception>
    public async Task<(Guid Id, string Secret)> CreateAsync(string name, string scope, string createdBy, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (name.Length is 0 or > UserName.Longest || !Roles.All.Contains(scope))
        {
            throw new ArgumentException($"A key called '{name}' with the scope '{scope}' cannot be: check name and scope before.");
        }

        var (id, secret) = (Guid.CreateVersion7(), ApiKeySecret.New());
        await using var command = database.Interactive.CreateCommand(CreateApiKeySql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(ApiKeySecret.Prefix(secret));
        command.Parameters.AddWithValue(ApiKeySecret.Hash(secret));
        command.Parameters.AddWithValue(scope);
        command.Parameters.AddWithValue(createdBy);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return (id, secret);
    }

    private const string FindApiKeyByIdSql = """
        -- name: FindApiKeyById
        SELECT id, name, prefix, scope, created_by, created_at, last_used_at, revoked_at FROM api_keys WHERE id = $1
        """;

    public async Task<ApiKey?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(FindApiKeyByIdSql);
        command.Parameters.AddWithValue(id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private const string RevokeApiKeySql = """
        -- name: RevokeApiKey
        UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL
        """;

    /// <returns>False when there is no such key, or it was revoked before.</returns>
    public async Task<bool> RevokeAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(RevokeApiKeySql);
        command.Parameters.AddWithValue(id);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private const string TouchApiKeysSql = """
        -- name: TouchApiKeys
        UPDATE api_keys SET last_used_at = used.at
        FROM unnest($1::uuid[], $2::timestamptz[]) AS used (id, at)
        WHERE api_keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)
        """;

    /// <summary>Notes when keys were last used. Several Webs may do so at once: the latest wins.</summary>
    public async Task TouchAsync(Guid[] ids, DateTimeOffset[] at, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(TouchApiKeysSql);
        command.Parameters.AddWithValue(ids);
        command.Parameters.AddWithValue(at);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static ApiKey Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetFieldValue<DateTimeOffset>(5),
        row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6),
        row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7));
}
