using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Lets the first people and programs in: while there are no users it makes <c>admin</c>, while there are no keys it takes <c>BULK_API_KEY</c> as an admin's.
/// One transaction under a lock does both, so of several Webs that start at once exactly one finds nobody.
/// </summary>
public sealed class FirstAccess(Database database, Passwords passwords, IConfiguration settings)
{
    public const string UserName = "admin";
    public const string KeyName = "first";
    private const string PasswordSetting = "BULK_ADMIN_PASSWORD";
    private const string KeySetting = "BULK_API_KEY";

    /// <summary>Makes what is missing.</summary>
    /// <returns>What was made, with the password when it was made up here: it is written down nowhere else.</returns>
    /// <exception cref="SiloStartException">A setting holds something that cannot be a password or a key.</exception>
    public async Task<Made> RunOnceAsync(CancellationToken cancellationToken)
    {
        var (given, secret) = (Setting(PasswordSetting), Setting(KeySetting));
        Check(given, secret);

        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (users, keys) = await CountAsync(connection, cancellationToken);
        string? password = null;
        if (!users)
        {
            password = given ?? Passwords.Random();
            await MakeAdminAsync(connection, password, cancellationToken);
        }

        var makeKey = !keys && secret is not null;
        if (makeKey)
        {
            await MakeKeyAsync(connection, secret!, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new(!users, given is null ? password : null, makeKey);
    }

    private string? Setting(string name) => settings[name] is { Length: > 0 } value ? value : null;

    private static void Check(string? password, string? key)
    {
        if (password is not null && Passwords.Fault(password) is { } fault)
        {
            throw new SiloStartException($"{PasswordSetting} cannot be used: {fault} It has {password.Length}.");
        }

        if (key is not null && !ApiKeySecret.IsPossible(key))
        {
            throw new SiloStartException(
                $"{KeySetting} cannot be used: a key has {ApiKeySecret.Shortest} to {ApiKeySecret.Longest} printable ASCII characters without spaces. It has {key.Length}.");
        }
    }

    private const string LockFirstAccessSql = """
        -- name: LockFirstAccess
        SELECT pg_advisory_xact_lock(7095458173390848257)
        """;

    private const string HasAccessSql = """
        -- name: HasAccess
        SELECT EXISTS (SELECT FROM users), EXISTS (SELECT FROM api_keys)
        """;

    // Two statements: the second must see what was committed while the first waited.
    private static async Task<(bool Users, bool Keys)> CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var wait = new NpgsqlCommand(LockFirstAccessSql, connection))
        {
            await wait.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var command = new NpgsqlCommand(HasAccessSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetBoolean(0), reader.GetBoolean(1));
    }

    private const string CreateFirstUserSql = """
        -- name: CreateFirstUser
        INSERT INTO users (id, name, name_key, password_hash, role, security_stamp) VALUES ($1, $2, $2, $3, 'admin', $4)
        """;

    private async Task MakeAdminAsync(NpgsqlConnection connection, string password, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CreateFirstUserSql, connection);
        command.Parameters.AddWithValue(Guid.CreateVersion7());
        command.Parameters.AddWithValue(UserName);
        command.Parameters.AddWithValue(passwords.Hash(password));
        command.Parameters.AddWithValue(Guid.NewGuid());
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private const string CreateFirstApiKeySql = """
        -- name: CreateFirstApiKey
        INSERT INTO api_keys (id, name, prefix, hash, scope, created_by) VALUES ($1, $2, $3, $4, 'admin', 'BULK_API_KEY')
        """;

    private static async Task MakeKeyAsync(NpgsqlConnection connection, string secret, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(CreateFirstApiKeySql, connection);
        command.Parameters.AddWithValue(Guid.CreateVersion7());
        command.Parameters.AddWithValue(KeyName);
        command.Parameters.AddWithValue(ApiKeySecret.Prefix(secret));
        command.Parameters.AddWithValue(ApiKeySecret.Hash(secret));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <param name="Password">The password that was made up; null when it was given or no user was made.</param>
    public sealed record Made(bool User, string? Password, bool Key);
}
