using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>What was handed out, by day; the form to hand out.</summary>
public sealed class IndexModel(DistributionStore distributions, AuditLog audit, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    [BindProperty(SupportsGet = true)]
    public DateOnly? From { get; set; }

    [BindProperty(SupportsGet = true)]
    public DateOnly? To { get; set; }

    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public DistributionForm Form { get; private set; } = new();

    public IReadOnlyList<DistributionRow> Distributions { get; private set; } = [];

    public string? Refusal { get; private set; }

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(DistributionForm form, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        Form = form;
        var (request, problem) = ModelState.WhyUnreadable() is { } why ? (null, why) : form.ToRequest();
        switch (request is null ? null : await distributions.MakeAsync(request, User.ActorName(), cancellationToken))
        {
            case null:
                return await RefuseAsync(problem!, StatusCodes.Status400BadRequest, cancellationToken);
            case TooFewUnused few:
                return await RefuseAsync($"{few.Available:N0} usernames are unused, {request!.Count:N0} are wanted. Ask for fewer, or take what is there.", StatusCodes.Status409Conflict, cancellationToken);
            case DistributionMade made:
                if (made.IsNew)
                {
                    await audit.WriteAsync(User.ActorName(), "distribution.make", made.Distribution.Id.ToString(), new { request!.Name, made.Distribution.Selected });
                }

                TempData.SetStatus(made.IsNew ? $"{made.Distribution.Selected:N0} usernames are handed out." : "This name was used before: here is what was handed out under it.");
                return RedirectToPage("Details", new { id = made.Distribution.Id });
            case var other:
                throw new InvalidOperationException($"{other.GetType().Name} is no reply to a distribution.");
        }
    }

    public string Link(string? after) => Url.Page("Index", new { from = From?.ToString("O"), to = To?.ToString("O"), after })!;

    private async Task<IActionResult> RefuseAsync(string sentence, int status, CancellationToken cancellationToken)
    {
        (Refusal, Response.StatusCode) = (sentence, status);
        await ShowAsync(cancellationToken);
        return Page();
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        var page = await distributions.ListAsync(Start(From), Start(To), After, PageItems + 1, cancellationToken);
        Distributions = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? Distributions[^1].Id.ToString() : null;
    }

    private static DateTimeOffset? Start(DateOnly? day) => day is { } known ? new DateTimeOffset(known.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;
}
