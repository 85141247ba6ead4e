namespace OrleansBulk.Web.Accounts;

/// <summary>A person who may sign in.</summary>
/// <param name="SecurityStamp">Changes with the password, the role and when the user is disabled; sessions made under another stamp have ended.</param>
public sealed record User(
    Guid Id, string Name, string PasswordHash, string Role, Guid SecurityStamp, DateTimeOffset CreatedAt, DateTimeOffset? DisabledAt)
{
    public bool IsDisabled => DisabledAt is not null;

    /// <summary>Leaves the hash out, should a user ever be logged.</summary>
    public override string ToString() => $"{Name} ({Role})";
}
