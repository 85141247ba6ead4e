using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Leads;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Leads;

/// <summary>Leads by status, those that changed last first; those that are ticked can be changed together.</summary>
[RequestFormLimits(ValueCountLimit = 5000)]
public sealed class IndexModel(LeadStore leads, AuditLog audit, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    /// <summary>More of a status than these are not counted: a count of millions would be what the page waits for.</summary>
    public const long MostCounted = 10_000;

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Owner { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? State { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Taxonomy { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Query { get; set; }

    /// <summary>Where the page before ended.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<LeadRow> Leads { get; private set; } = [];

    public IReadOnlyList<(string Status, long Count)> Counts { get; private set; } = [];

    public string? Refusal { get; private set; }

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => !string.IsNullOrEmpty(Owner + State + Taxonomy + Query);

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public string ExportLink => Url.Content($"~/api/leads/export.csv{QueryString.Create(new Dictionary<string, string?> { ["status"] = Status, ["owner"] = Owner, ["state"] = State, ["taxonomy"] = Taxonomy, ["q"] = Query })}");

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(null, cancellationToken);

    public async Task<IActionResult> OnPostAsync(Guid[] ids, string? to, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        var change = new LeadChange(to, null, null);
        if (ids.Length == 0 || to is null || change.Problem() is not null)
        {
            return await ShowAsync("Tick the leads to change, and say what they become.", cancellationToken);
        }

        var changed = await leads.ChangeAsync(ids, change, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "leads.change", null, new { change.Status, changed.Changed });
        TempData.SetStatus($"{changed.Changed:N0} are {to} now.");
        return Redirect(Link(null));
    }

    public string Link(string? after, string? status = null) =>
        Url.Page("Index", new { status = status is null ? Status : status.Length > 0 ? status : null, owner = Owner, state = State, taxonomy = Taxonomy, query = Query, after })!;

    private async Task<IActionResult> ShowAsync(string? refusal, CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Counts = await leads.CountAsync(MostCounted, cancellationToken);
        var (filter, problem) = LeadEndpoints.Read(Status, Owner, State, null, Taxonomy, Query);
        LeadPlace? place = null;
        Refusal = refusal ?? problem?.Sentence ?? (LeadEndpoints.ReadPlace(After, out place) ? null : "The address of this page is not one of its own; begin at the newest.");
        if (Refusal is not null)
        {
            Response.StatusCode = StatusCodes.Status400BadRequest;
        }

        if (filter is not null)
        {
            var page = await leads.ListAsync(filter, place, PageItems + 1, cancellationToken);
            Leads = [.. page.Take(PageItems)];
            Next = page.Count > PageItems ? LeadEndpoints.WritePlace(Leads[^1]) : null;
        }

        return Page();
    }
}
