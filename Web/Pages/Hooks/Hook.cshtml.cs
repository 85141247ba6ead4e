using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hooks;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>One hook with what each judge says of it, and why.</summary>
public sealed class HookModel(HookRunStore runs) : PageModel
{
    public HookRun Run { get; private set; } = null!;

    public RankedHook Hook { get; private set; } = null!;

    /// <summary>A verdict's marks with their names.</summary>
    public static IEnumerable<(string Name, int Mark)> Marks(Verdict verdict) =>
    [
        ("Attention", verdict.Attention), ("Clarity", verdict.Clarity), ("Relevance", verdict.Relevance), ("Originality", verdict.Originality), ("Fit to audience", verdict.AudienceFit),
    ];

    public async Task<IActionResult> OnGetAsync(Guid id, string model, int no, CancellationToken cancellationToken)
    {
        if (await runs.FindAsync(id, cancellationToken) is not { } run || run.Hooks.FirstOrDefault(hook => hook.Model == model && hook.No == no) is not { } found)
        {
            return NotFound();
        }

        (Run, Hook) = (run, found);
        return Page();
    }
}
