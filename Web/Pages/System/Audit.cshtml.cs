using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages;

/// <summary>Who did what, newest first, a page at a time by key.</summary>
public sealed class AuditModel(AuditLog audit, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    [BindProperty(SupportsGet = true)]
    public string? Actor { get; set; }

    /// <summary>An action. Not called so in the address, where the word means the page's own.</summary>
    [BindProperty(SupportsGet = true)]
    public string? What { get; set; }

    /// <summary>The last entry of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public IReadOnlyList<AuditEntry> Entries { get; private set; } = [];

    public IReadOnlyList<string> Actions { get; private set; } = [];

    public Guid? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Actor is not null || What is not null || After is not null;

    /// <summary>The job that it was done to; null when it was something else.</summary>
    public static Guid? JobOf(AuditEntry entry) => entry.Action.StartsWith("job.", StringComparison.Ordinal) && Guid.TryParse(entry.Subject, out var job) ? job : null;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Actor?.Contains('\0') is true || What?.Contains('\0') is true)
        {
            return BadRequest();
        }

        (Now, Actor) = (time.GetUtcNow(), Actor?.Trim());
        var page = await audit.ListAsync(Actor, What, After, PageItems + 1, cancellationToken);
        Entries = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? Entries[^1].Id : null;
        Actions = await audit.ListActionsAsync(cancellationToken);
        return Page();
    }
}
