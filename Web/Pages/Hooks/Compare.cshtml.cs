using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hooks;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>Runs beside each other, model by model.</summary>
public sealed class CompareModel(HookRunStore runs) : PageModel
{
    public const int Most = 6;

    /// <summary>Each with a short name for columns and bars.</summary>
    public IReadOnlyList<(string Name, HookRun Run)> Runs { get; private set; } = [];

    /// <summary>Why nothing is compared.</summary>
    public string? Refusal { get; private set; }

    public IEnumerable<string> Models => Runs.SelectMany(run => run.Run.Spec.Models).Distinct();

    public async Task OnGetAsync([FromQuery] IReadOnlyList<Guid> run, CancellationToken cancellationToken)
    {
        var found = new List<(string, HookRun)>();
        foreach (var id in run.Distinct().Take(Most))
        {
            if (await runs.FindAsync(id, cancellationToken) is { } one)
            {
                found.Add(($"Run {(char)('A' + found.Count)}", one));
            }
        }

        Runs = found;
        Refusal = !ModelState.IsValid || found.Count < 2 ? $"Tick two to {Most} runs in the list to compare them." : null;
    }
}
