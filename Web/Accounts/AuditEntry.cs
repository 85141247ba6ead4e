namespace OrleansBulk.Web.Accounts;

/// <summary>Who did what, when.</summary>
/// <param name="Detail">JSON; null for nothing.</param>
public sealed record AuditEntry(Guid Id, DateTimeOffset At, string Actor, string Action, string? Subject, string? Detail);
