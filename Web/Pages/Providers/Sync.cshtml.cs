using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Providers;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>Starts a sync with the registry: shows first what it would ask, and takes it only from there. Below, the syncs there were.</summary>
public sealed class SyncModel(JobIntake intake, SyncResults results, AuditLog audit, TimeProvider time) : PageModel
{
    private const int Shown = 10;

    [BindProperty(SupportsGet = true)]
    public SyncForm Form { get; set; } = new();

    public JobForecast? Forecast { get; private set; }

    /// <summary>Why it cannot be started; null when it can.</summary>
    public string? Refusal { get; private set; }

    public IReadOnlyList<JobRow> Syncs { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public bool MayStart => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    /// <summary>Without anything asked for it is the empty form, else the preview.</summary>
    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        if (!Request.QueryString.HasValue)
        {
            Form = SyncForm.Untouched();
        }
        else if (MayStart)
        {
            Form.Key = $"page-{Guid.NewGuid():N}";
            (Forecast, Refusal) = await intake.PreviewAsync(Form.ToRequest(), cancellationToken);
            Response.StatusCode = Refusal is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
        }

        await ShowAsync(cancellationToken);
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!MayStart)
        {
            return Forbid();
        }

        var (id, problem) = await JobEndpoints.AcceptAsync(Form.ToRequest(), User, intake, audit, cancellationToken);
        if (problem is not null)
        {
            (Refusal, Response.StatusCode) = (problem.Sentence, problem.Status);
            await ShowAsync(cancellationToken);
            return Page();
        }

        TempData.SetStatus("The sync is started.");
        return RedirectToPage("Synced", new { id });
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Syncs = await results.ListAsync(Shown, cancellationToken);
    }
}
