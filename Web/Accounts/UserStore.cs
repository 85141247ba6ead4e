using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>The table <c>users</c>.</summary>
public sealed class UserStore(Database database, Passwords passwords)
{
    private const string FindUserSql = """
        -- name: FindUser
        SELECT id, name, password_hash, role, security_stamp, created_at, disabled_at FROM users WHERE id = $1
        """;

    public async Task<User?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(FindUserSql);
        command.Parameters.AddWithValue(id);
        return await FirstAsync(command, cancellationToken);
    }

    private const string FindUserByNameSql = """
        -- name: FindUserByName
        SELECT id, name, password_hash, role, security_stamp, created_at, disabled_at FROM users WHERE name_key = $1
        """;

    public async Task<User?> FindByNameAsync(string name, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(FindUserByNameSql);
        command.Parameters.AddWithValue(UserName.Key(name));
        return await FirstAsync(command, cancellationToken);
    }

    private const string ListUsersSql = """
        -- name: ListUsers
        SELECT id, name, password_hash, role, security_stamp, created_at, disabled_at FROM users WHERE name_key > $1 ORDER BY name_key LIMIT $2
        """;

    /// <summary>Users by name, those after <paramref name="after"/>; null for the first page.</summary>
    public async Task<IReadOnlyList<User>> ListAsync(string? after, int limit, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(ListUsersSql);
        command.Parameters.AddWithValue(after is null ? "" : UserName.Key(after));
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var users = new List<User>();
        while (await reader.ReadAsync(cancellationToken))
        {
            users.Add(Read(reader));
        }

        return users;
    }

    private const string CreateUserSql = """
        -- name: CreateUser
        INSERT INTO users (id, name, name_key, password_hash, role, security_stamp) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name_key) DO NOTHING
        """;

    /// <returns>The new user's id; null when the name is taken.</returns>
    /// <exception cref="ArgumentException">The name, password or role is not one that a user can have.</exception>
    public async Task<Guid?> CreateAsync(string name, string password, string role, CancellationToken cancellationToken)
    {
        name = name.Trim();
        if (!UserName.IsValid(name) || !Roles.All.Contains(role) || Passwords.Fault(password) is not null)
        {
            throw new ArgumentException($"A user called '{name}' with the role '{role}' cannot be: check name, role and password before.");
        }

        var id = Guid.CreateVersion7();
        await using var command = database.Interactive.CreateCommand(CreateUserSql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(name);
        command.Parameters.AddWithValue(UserName.Key(name));
        command.Parameters.AddWithValue(passwords.Hash(password));
        command.Parameters.AddWithValue(role);
        command.Parameters.AddWithValue(Guid.NewGuid());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1 ? id : null;
    }

    private const string ChangePasswordSql = """
        -- name: ChangePassword
        UPDATE users SET password_hash = $2, security_stamp = $3 WHERE id = $1
        """;

    /// <summary>Sets the password and ends every session of the user.</summary>
    /// <returns>False when there is no such user.</returns>
    public async Task<bool> ChangePasswordAsync(Guid id, string password, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(ChangePasswordSql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(passwords.Hash(password));
        command.Parameters.AddWithValue(Guid.NewGuid());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private const string RehashPasswordSql = """
        -- name: RehashPassword
        UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2
        """;

    /// <summary>Stores the same password under today's cost. Sessions go on; a password changed meanwhile stays.</summary>
    public async Task RehashAsync(User user, string password, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(RehashPasswordSql);
        command.Parameters.AddWithValue(user.Id);
        command.Parameters.AddWithValue(user.PasswordHash);
        command.Parameters.AddWithValue(passwords.Hash(password));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Locking all admins makes two who take the right from each other wait: the second finds that nobody else would be left.
    private const string SetUserRoleSql = """
        -- name: SetUserRole
        WITH admins AS MATERIALIZED (SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE)
        UPDATE users SET role = $2, security_stamp = CASE WHEN role = $2 THEN security_stamp ELSE $3 END
        WHERE id = $1 AND ($2 = 'admin' OR EXISTS (SELECT FROM admins WHERE id <> $1))
        """;

    /// <summary>Gives another role, and ends every session that was opened under the former one.</summary>
    /// <returns>False when there is no such user, or nobody would be left who is an admin.</returns>
    public async Task<bool> SetRoleAsync(Guid id, string role, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(SetUserRoleSql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(role);
        command.Parameters.AddWithValue(Guid.NewGuid());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private const string DisableUserSql = """
        -- name: DisableUser
        WITH admins AS MATERIALIZED (SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE)
        UPDATE users SET disabled_at = now(), security_stamp = $2
        WHERE id = $1 AND disabled_at IS NULL AND EXISTS (SELECT FROM admins WHERE id <> $1)
        """;

    /// <summary>Keeps the user out and ends every session.</summary>
    /// <returns>False when there is no such active user, or nobody would be left who is an admin.</returns>
    public async Task<bool> DisableAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(DisableUserSql);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(Guid.NewGuid());
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private const string EnableUserSql = """
        -- name: EnableUser
        UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL
        """;

    /// <returns>False when there is no such disabled user.</returns>
    public async Task<bool> EnableAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var command = database.Interactive.CreateCommand(EnableUserSql);
        command.Parameters.AddWithValue(id);
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static async Task<User?> FirstAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static User Read(NpgsqlDataReader row) => new(
        row.GetGuid(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetGuid(4),
        row.GetFieldValue<DateTimeOffset>(5),
        row.IsDBNull(6) ? null : row.GetFieldValue<DateTimeOffset>(6));
}
