using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hooks;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>One run: a column for each model that fills as it writes, and the ranking that settles as scores arrive. <c>?handler=Live</c> draws the part that changes.</summary>
public sealed class DetailsModel(HookRunStore runs, TimeProvider time) : PageModel
{
    public HookRun Run { get; private set; } = null!;

    public DateTimeOffset Now { get; private set; }

    /// <summary>The hooks of one model in the order in which it wrote them.</summary>
    public IEnumerable<RankedHook> HooksOf(string model) => Run.Hooks.Where(hook => hook.Model == model).OrderBy(hook => hook.No);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnGetLiveAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Partial("_Live", this) : NotFound();

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is not { } run)
        {
            return false;
        }

        (Run, Now) = (run, time.GetUtcNow());
        return true;
    }
}
