using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Hooks;

/// <summary>Starts a run: a topic, and models to be ticked with their price and health. What it would do and cost is shown first; what is started is what was shown.</summary>
[Authorize(Policies.Operator)]
public sealed class ComposeModel(JobIntake intake, HookModels configured, ModelClients clients, AuditLog audit) : PageModel
{
    [BindProperty]
    public ComposeForm Form { get; set; } = new();

    public IReadOnlyList<ModelHealth> Models { get; private set; } = [];

    /// <summary>What the run would do; null before it was asked for.</summary>
    public JobForecast? Forecast { get; private set; }

    /// <summary>Why it cannot be started.</summary>
    public string? Refusal { get; private set; }

    public void OnGet()
    {
        Models = clients.Look();
        Form = new ComposeForm { Models = [.. Models.Where(model => model.State != "down").Select(model => model.Model.Id)], Judges = [configured.Judge], Key = $"page-{Guid.NewGuid():N}" };
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        Models = clients.Look();
        if (!ModelState.IsValid || !Form.HasReadableMoney)
        {
            (Refusal, Response.StatusCode) = ("Numbers must be whole ones, an amount of money a number such as 0.50. Nothing was started.", StatusCodes.Status400BadRequest);
            return Page();
        }

        if (Form.Shown != Form.Mark())
        {
            (Forecast, Refusal) = await intake.PreviewAsync(Form.ToRequest(), cancellationToken);
            (Form.Shown, Response.StatusCode) = Refusal is null ? (Form.Mark(), StatusCodes.Status200OK) : (null, StatusCodes.Status400BadRequest);
            return Page();
        }

        var (id, problem) = await JobEndpoints.AcceptAsync(Form.ToRequest(), User, intake, audit, cancellationToken);
        if (problem is not null)
        {
            (Refusal, Response.StatusCode) = (problem.Sentence, problem.Status);
            return Page();
        }

        return RedirectToPage("Details", new { id });
    }
}
