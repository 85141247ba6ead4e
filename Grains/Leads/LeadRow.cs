using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Leads;

/// <summary>A lead with what a list says of its provider.</summary>
public sealed record LeadRow(
    Guid Id, string Npi, string Status, string? Owner, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    string? Name, string? Credential, string? City, string? State, string? PostalCode, string? Phone, string? Taxonomy, string ProviderStatus)
{
    internal const string Columns = """
        l.id, l.npi, l.status, l.owner, l.created_at, l.updated_at, p.name, p.credential, p.city, p.state, p.postal_code, p.phone, p.taxonomy, p.status
        """;

    internal static LeadRow Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetInt64(1).ToString(), row.GetString(2), row.Text(3), row.GetFieldValue<DateTimeOffset>(4), row.GetFieldValue<DateTimeOffset>(5),
        row.Text(6), row.Text(7), row.Text(8), row.Text(9), row.Text(10), row.Text(11), row.Text(12), row.GetString(13));
}

/// <summary>What happened to a lead.</summary>
/// <param name="From">Null: it became a lead, or only a note was made.</param>
/// <param name="To">Null: a note only.</param>
public sealed record LeadEvent(DateTimeOffset At, string Who, string? From, string? To, string? Note);

/// <summary>Which leads are asked for; what is null is not asked for.</summary>
/// <param name="Owner">Exactly; empty: those without one.</param>
/// <param name="Provider">What their providers must be.</param>
public sealed record LeadFilter(string? Status, string? Owner, Providers.ProviderFilter Provider)
{
    /// <summary>What is wrong with it in a sentence; null when nothing is.</summary>
    public string? Problem() => Status is not null && !LeadStatus.All.Contains(Status) ? $"status must be one of {string.Join(", ", LeadStatus.All)}." : Provider.Problem();
}

/// <summary>Where a page of leads ended.</summary>
public sealed record LeadPlace(DateTimeOffset UpdatedAt, Guid Id);

/// <summary>What is to become of a lead; what is null stays as it is.</summary>
/// <param name="Owner">Empty: nobody's any more.</param>
/// <param name="Note">Goes into the history.</param>
public sealed record LeadChange(string? Status, string? Owner, string? Note)
{
    public const int LongestNote = 4000;
    public const int LongestOwner = 200;

    /// <summary>What is wrong with it in a sentence; null when nothing is.</summary>
    public string? Problem() => Status is null && Owner is null && string.IsNullOrWhiteSpace(Note) ? "Send at least one of status, owner and note."
        : Status is not null && !LeadStatus.All.Contains(Status) ? $"status must be one of {string.Join(", ", LeadStatus.All)}."
        : Note?.Length > LongestNote ? $"note has {Note.Length:N0} characters; it must have at most {LongestNote:N0}."
        : Owner?.Length > LongestOwner || Owner?.Any(char.IsControl) is true ? $"owner must have at most {LongestOwner} characters and no control characters."
        : Note?.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')) is true ? "note has control characters in it; leave them out."
        : null;
}
