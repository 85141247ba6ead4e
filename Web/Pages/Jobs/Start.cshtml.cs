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
    /// <summary>Where the jobs of the other workloads are started.</summary>
    public static readonly IReadOnlyList<(string Words, string Page)> Elsewhere =
    [
        ("Ingest profiles", "/Ingest/Index"), ("Sync providers", "/Providers/Sync"), ("Load a provider file", "/Providers/File"), ("Write hooks", "/Hooks/Compose"), ("Sync tabs", "/Tabs/Index"),
    ];

    [BindProperty(SupportsGet = true)]
    public StartForm Form { get; set; } = new();

    public JobForecast? Forecast { get; private set; }

    /// <summary>Why it cannot be started; null when it can.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Without anything asked for it is the empty form, else the preview.</summary>
    public async Task OnGetAsync(CancellationToken cancellationToken)
    {
        if (!Request.QueryString.HasValue || IsUnreadable())
        {
            return;
        }

        Form.Settle(time.GetUtcNow());
        (Forecast, Refusal) = await intake.PreviewAsync(Form.ToRequest(), cancellationToken);
        Response.StatusCode = Refusal is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest;
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (IsUnreadable())
        {
            return Page();
        }

        var (id, problem) = await JobEndpoints.AcceptAsync(Form.ToRequest(), User, intake, audit, cancellationToken);
        if (problem is not null)
        {
            (Refusal, Response.StatusCode) = (problem.Sentence, problem.Status);
            return Page();
        }

        TempData.SetStatus("The job is started.");
        return RedirectToPage("Details", new { id });
    }

    /// <summary>A field that cannot be read must not count as empty: an empty one means more profiles.</summary>
    private bool IsUnreadable()
    {
        if (ModelState.WhyUnreadable() is not { } why)
        {
            return false;
        }

        (Refusal, Response.StatusCode) = (why, StatusCodes.Status400BadRequest);
        return true;
    }
}
