using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>Starts a refresh of profiles: shows first what it would do, and takes it only from there.</summary>
[Authorize(Policies.Operator)]
public sealed class StartModel(JobIntake intake, AuditLog audit, TimeProvider time) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public StartForm Form { get; set; } = new();

    public JobForecast? Forecast { get; private set; }

    /// <summary>Why it cannot be started; null when it can.</summary>
    public string? Refusal { get; private set; }

    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        Form.Settle(time.GetUtcNow());
        (Forecast, Refusal) = await intake.PreviewAsync(Form.ToRequest(), cancellationToken);
        Response.StatusCode = Refusal is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        var (id, problem) = await JobEndpoints.AcceptAsync(Form.ToRequest(), User, intake, audit, cancellationToken);
        if (problem is not null)
        {
            (Refusal, Response.StatusCode) = (problem.Sentence, problem.Status);
            return Page();
        }

        TempData.SetStatus("The job is started.");
        return RedirectToPage("Details", new { id });
    }
}
