using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hooks;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>Runs, newest first, a page at a time; ticked ones can be compared.</summary>
public sealed class IndexModel(HookRunStore runs, TimeProvider time) : PageModel
{
    private const int Shown = 25;

    public IReadOnlyList<HookRunRow> Runs { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    /// <summary>Where the next page begins; null when there is none.</summary>
    public Guid? Next { get; private set; }

    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public bool MayGenerate => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Runs = await runs.ListAsync(After, Shown, cancellationToken);
        Next = Runs.Count == Shown ? Runs[^1].Id : null;
    }
}
