using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>Providers by state, specialty and name, a page at a time by key; those that are ticked, or all that match, become leads.</summary>
[RequestFormLimits(ValueCountLimit = 5000)]
public sealed class IndexModel(ProviderStore providers, LeadIntake leads, AuditLog audit) : PageModel
{
    private const int PageItems = 50;
    private const int Bars = 8;

    [BindProperty(SupportsGet = true)]
    public string? State { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? City { get; set; }

    /// <summary>A code, or the name of a specialty that is known.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Taxonomy { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Query { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    /// <summary>Where the page before ended.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<ProviderRow> Providers { get; private set; } = [];

    /// <summary>Only on the first page of the whole list.</summary>
    public ShareBars? States { get; private set; }

    public ShareBars? Taxonomies { get; private set; }

    public string? Refusal { get; private set; }

    public string? Next { get; private set; }

    public bool SearchesInside { get; private set; }

    public bool IsFiltered => !string.IsNullOrEmpty(State + City + Taxonomy + Query + Status);

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => ShowAsync(null, cancellationToken);

    public async Task<IActionResult> OnPostAsync(bool all, string[] npis, string? owner, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        var (filter, problem) = Filter();
        var wanted = npis.Select(npi => NpiNumber.TryParse(npi, out var number) ? number : 0).Where(npi => npi > 0).ToList();
        var wrong = problem?.Sentence ?? (string.IsNullOrWhiteSpace(owner) ? null : new LeadChange(null, owner, null).Problem()) ?? (all || wanted.Count > 0 ? null : "Tick the providers to save, or save all that match.");
        if (wrong is not null)
        {
            return await ShowAsync(wrong, cancellationToken);
        }

        owner = string.IsNullOrWhiteSpace(owner) ? null : owner.Trim();
        var reply = all ? await leads.SaveAsync(filter!, owner, User.ActorName(), cancellationToken) : await leads.SaveAsync(wanted, owner, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "leads.save", (reply as LeadsStarted)?.JobId.ToString(), new { filter = all ? filter : null, npis = all ? null : (int?)wanted.Count });
        switch (reply)
        {
            case LeadsSaved saved:
                TempData.SetStatus($"{saved.Created:N0} are leads now; {saved.Skipped:N0} were before.");
                return Redirect(Link(After));
            case LeadsStarted started:
                TempData.SetStatus("They are many, so a job saves them.");
                return RedirectToPage("/Jobs/Details", new { id = started.JobId });
            case var other:
                throw new InvalidOperationException($"{other.GetType().Name} is no reply to a save.");
        }
    }

    public string Link(string? after) => Url.Page("Index", new { state = State, city = City, taxonomy = Taxonomy, query = Query, status = Status, after })!;

    private (ProviderFilter? Filter, Errors.ProblemAnswer? Problem) Filter() => ProviderQuery.Read(State, City, Taxonomy, Query, Status);

    private async Task<IActionResult> ShowAsync(string? refusal, CancellationToken cancellationToken)
    {
        var (filter, problem) = Filter();
        SearchesInside = await providers.SearchesInsideAsync(cancellationToken);
        Refusal = refusal ?? problem?.Sentence;
        Response.StatusCode = Refusal is null ? Response.StatusCode : StatusCodes.Status400BadRequest;
        if (filter is null || !ProviderQuery.Read(After, out var place))
        {
            (Refusal, Response.StatusCode) = (Refusal ?? "The address of this page is not one of its own; begin at the first.", StatusCodes.Status400BadRequest);
            return Page();
        }

        var page = await providers.ListAsync(filter, place, PageItems, cancellationToken);
        (Providers, Next) = (page.Providers, ProviderQuery.Write(page.Next));
        if (filter.IsEmpty && place is null && Providers.Count > 0)
        {
            var shares = await providers.ReadSharesAsync(Bars, cancellationToken);
            States = ShareBars.Of("By state", shares.IsEstimate, shares.States, state => state, state => Url.Page("Index", new { state })!);
            Taxonomies = ShareBars.Of("By specialty", shares.IsEstimate, shares.Taxonomies, Specialties.NameOf, taxonomy => Url.Page("Index", new { taxonomy })!);
        }

        return Page();
    }
}
