using Npgsql;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>A provider in a list.</summary>
/// <param name="Npi">Ten digits.</param>
/// <param name="Name">Null for one that was deactivated before anything else was told of it.</param>
/// <param name="Taxonomy">The code of the primary one.</param>
/// <param name="LeadId">The lead that it is; null when it is none.</param>
public sealed record ProviderRow(
    string Npi, string? Entity, string? Name, string? Credential, string? City, string? State, string? PostalCode, string? Phone, string? Taxonomy, string Status, DateTimeOffset UpdatedAt, Guid? LeadId)
{
    internal const string Columns = """
        p.npi, p.entity, p.name, p.credential, p.city, p.state, p.postal_code, p.phone, p.taxonomy, p.status, p.updated_at, (SELECT l.id FROM leads l WHERE l.npi = p.npi)
        """;

    internal static ProviderRow Read(NpgsqlDataReader row) => new(
        row.GetInt64(0).ToString(), row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5), row.Text(6), row.Text(7), row.Text(8), row.GetString(9), row.GetFieldValue<DateTimeOffset>(10),
        row.IsDBNull(11) ? null : row.GetGuid(11));
}

/// <summary>Where a page of providers ended: state and city as they are sorted by, and the NPI.</summary>
public sealed record ProviderPlace(string State, string City, long Npi);

/// <param name="Next">Where the page ended; null when it was the last.</param>
public sealed record ProviderPage(IReadOnlyList<ProviderRow> Providers, ProviderPlace? Next);

/// <summary>Everything that is stored about a provider.</summary>
/// <param name="Taxonomies">All codes, the primary one first.</param>
/// <param name="Answer">The API's answer about it as JSON; null when it came from a file.</param>
/// <param name="Source">What wrote it last: api, or a file's name.</param>
public sealed record ProviderDetails(
    ProviderRow Row, string? OrganizationName, string? LastName, string? FirstName, string? MiddleName, string? Sex, string? Fax, ProviderAddress Practice, ProviderAddress Mailing,
    IReadOnlyList<string> Taxonomies, DateOnly? EnumeratedOn, DateOnly? LastUpdatedOn, DateOnly? CertifiedOn, DateOnly? DeactivatedOn, DateOnly? ReactivatedOn, string? Answer, string Source, DateTimeOffset CreatedAt)
{
    internal const string Columns = $"""
        {ProviderRow.Columns}, p.organization_name, p.last_name, p.first_name, p.middle_name, p.sex, p.fax, p.address_1, p.address_2, p.country,
            p.mailing_address_1, p.mailing_address_2, p.mailing_city, p.mailing_state, p.mailing_postal_code, p.mailing_country,
            p.taxonomies, p.enumerated_on, p.last_updated_on, p.certified_on, p.deactivated_on, p.reactivated_on, p.answer::text, p.source, p.created_at
        """;

    internal static ProviderDetails Read(NpgsqlDataReader row)
    {
        var shown = ProviderRow.Read(row);
        return new ProviderDetails(
            shown, row.Text(12), row.Text(13), row.Text(14), row.Text(15), row.Text(16), row.Text(17),
            new ProviderAddress(row.Text(18), row.Text(19), shown.City, shown.State, shown.PostalCode, row.Text(20)),
            new ProviderAddress(row.Text(21), row.Text(22), row.Text(23), row.Text(24), row.Text(25), row.Text(26)),
            row.GetFieldValue<string[]>(27), Day(28), Day(29), Day(30), Day(31), Day(32), row.Text(33), row.GetString(34), row.GetFieldValue<DateTimeOffset>(35));

        DateOnly? Day(int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateOnly>(column);
    }
}
