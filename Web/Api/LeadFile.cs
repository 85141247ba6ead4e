using System.Globalization;
using OrleansBulk.Leads;
using OrleansBulk.Providers;

namespace OrleansBulk.Web.Api;

/// <summary>Leads as CSV whose cells are no formulas.</summary>
internal static class LeadFile
{
    private static readonly string Head = CsvText.Line("npi", "name", "credential", "specialty", "taxonomy", "city", "state", "postal_code", "phone", "status", "owner", "created_at", "updated_at", "provider_status");

    public static async Task WriteAsync(Stream to, IAsyncEnumerable<LeadRow> leads, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(to, leaveOpen: true);
        await writer.WriteAsync(Head);
        await foreach (var lead in leads.WithCancellation(cancellationToken))
        {
            await writer.WriteAsync(CsvText.Line(
                lead.Npi, lead.Name, lead.Credential, lead.Taxonomy is null ? null : Specialties.NameOf(lead.Taxonomy), lead.Taxonomy, lead.City, lead.State, lead.PostalCode, lead.Phone, lead.Status, lead.Owner,
                lead.CreatedAt.ToString("O", CultureInfo.InvariantCulture), lead.UpdatedAt.ToString("O", CultureInfo.InvariantCulture), lead.ProviderStatus));
        }
    }
}
