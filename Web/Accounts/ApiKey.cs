namespace OrleansBulk.Web.Accounts;

/// <summary>A program that may come in. The key itself is shown once, when it is made; kept is its hash.</summary>
/// <param name="Prefix">The first characters of the key, to tell keys apart in a list.</param>
/// <param name="Scope">One of <see cref="Roles"/>.</param>
public sealed record ApiKey(
    Guid Id, string Name, string Prefix, string Scope, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    public bool IsRevoked => RevokedAt is not null;
}
