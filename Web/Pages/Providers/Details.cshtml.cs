using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>One provider: all that is known, and whether it is a lead.</summary>
public sealed class DetailsModel(ProviderStore providers, LeadIntake leads, AuditLog audit, TimeProvider time) : PageModel
{
    public ProviderDetails Provider { get; private set; } = null!;

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    /// <summary>What is known, in the order in which it is read.</summary>
    public IEnumerable<(string Name, string Value)> Facts => new (string Name, string? Value)[]
    {
        ("Is", Provider.Row.Entity switch { "individual" => "a person", "organization" => "an organisation", _ => null }),
        ("Credential", Provider.Row.Credential),
        ("Sex", Provider.Sex),
        ("Specialties", string.Join("; ", Provider.Taxonomies.Select(code => Specialties.NameOf(code) is var name && name == code ? code : $"{name} ({code})"))),
        ("Phone", Provider.Row.Phone),
        ("Fax", Provider.Fax),
        ("Practice", Address(Provider.Practice)),
        ("Mail", Address(Provider.Mailing)),
        ("Enumerated", Day(Provider.EnumeratedOn)),
        ("Updated by the registry", Day(Provider.LastUpdatedOn)),
        ("Certified", Day(Provider.CertifiedOn)),
        ("Deactivated", Day(Provider.DeactivatedOn)),
        ("Reactivated", Day(Provider.ReactivatedOn)),
    }.Where(fact => !string.IsNullOrEmpty(fact.Value)).Select(fact => (fact.Name, fact.Value!));

    public async Task<IActionResult> OnGetAsync(string npi, CancellationToken cancellationToken) => await ReadAsync(npi, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(string npi, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (!await ReadAsync(npi, cancellationToken))
        {
            return NotFound();
        }

        await leads.SaveAsync([long.Parse(npi, CultureInfo.InvariantCulture)], null, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "leads.save", npi, null);
        TempData.SetStatus("It is a lead now.");
        return RedirectToPage("Details", new { npi });
    }

    private async Task<bool> ReadAsync(string npi, CancellationToken cancellationToken)
    {
        if (!NpiNumber.TryParse(npi, out var number) || await providers.FindAsync(number, cancellationToken) is not { } provider)
        {
            return false;
        }

        (Provider, Now) = (provider, time.GetUtcNow());
        return true;
    }

    private static string? Day(DateOnly? day) => day?.ToString("O", CultureInfo.InvariantCulture);

    private static string Address(ProviderAddress address) =>
        string.Join(", ", new[] { address.Line1, address.Line2, address.City, string.Join(' ', new[] { address.State, address.PostalCode }.Where(part => part is not null)), address.Country }.Where(part => !string.IsNullOrEmpty(part)));
}
