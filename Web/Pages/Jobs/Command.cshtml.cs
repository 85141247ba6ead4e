using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>Pause, resume, cancel, retry. By GET it asks back, by POST it does it and goes back to the job with what came of it.</summary>
[Authorize(Policies.Operator)]
public sealed class CommandModel(JobViews views, FailureStore failures, IGrainFactory grains, AuditLog audit) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public Guid Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string Verb { get; set; } = "";

    /// <summary>For a retry: of which cause alone; null: of all.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Cause { get; set; }

    /// <summary>How many items a retry is about.</summary>
    public long Items { get; private set; }

    public JobView Job { get; private set; } = null!;

    public JobCommand Command { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Cause is not null && Cause.Contains('\0'))
        {
            return BadRequest();
        }

        if (!await FindAsync(cancellationToken))
        {
            return NotFound();
        }

        Items = Cause is null ? Job.Progress.Failed : await failures.CountAsync(Id, Cause, cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync([FromForm] string? cause, CancellationToken cancellationToken)
    {
        if (cause is not null && cause.Contains('\0'))
        {
            return BadRequest();
        }

        if (!await FindAsync(cancellationToken))
        {
            return NotFound();
        }

        switch (await Command.SendAsync(grains.Job(Id), cause))
        {
            case CommandTaken taken:
                await audit.WriteAsync(User.ActorName(), $"job.{Verb}", Id.ToString(), cause is null ? null : new { cause, taken.Items });
                TempData.SetStatus(Command.Taken(taken.Items));
                break;
            case CommandForbidden forbidden:
                TempData.SetStatus($"Nothing was changed. {forbidden.Reason}");
                break;
            default:
                return NotFound();
        }

        return RedirectToPage("Details", new { id = Id });
    }

    private async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (JobCommand.Find(Verb) is not { } command || await views.FindAsync(Id, cancellationToken) is not { } job)
        {
            return false;
        }

        (Command, Job) = (command, job);
        return true;
    }
}
