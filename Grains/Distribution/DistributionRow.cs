using Npgsql;

namespace OrleansBulk.Distribution;

/// <summary>A distribution as it was made.</summary>
public sealed record DistributionRow(Guid Id, string Name, int Requested, int Selected, IReadOnlyList<string> Recipients, string CreatedBy, DateTimeOffset CreatedAt)
{
    internal const string Columns = "id, name, requested, selected, recipients, created_by, created_at";

    /// <summary>What each recipient got; the first <see cref="Remainder"/> of them got one more.</summary>
    public int PerRecipient => Selected / Recipients.Count;

    public int Remainder => Selected % Recipients.Count;

    internal static DistributionRow Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetInt32(2), row.GetInt32(3), row.GetFieldValue<string[]>(4), row.GetString(5), row.GetFieldValue<DateTimeOffset>(6));
}

/// <summary>A recipient's assignments by status, counted. <paramref name="No"/> is the place in the list, from 1.</summary>
public sealed record RecipientRow(int No, string Name, long Assigned, long Contacted, long Done, long Rejected)
{
    public long Total => Assigned + Contacted + Done + Rejected;
}

/// <summary>One username in one recipient's hands.</summary>
public sealed record AssignmentRow(string Id, string Username, string? FullName, Guid DistributionId, string Recipient, string Status, DateTimeOffset AssignedAt, DateTimeOffset StatusAt);

/// <summary>The states of an assignment.</summary>
public static class AssignmentStatus
{
    public const string Assigned = "assigned";

    public static readonly IReadOnlyList<string> All = [Assigned, "contacted", "done", "rejected"];
}
