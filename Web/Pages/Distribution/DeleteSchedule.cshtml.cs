using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>Ends a daily distribution, after saying what will happen no more.</summary>
[Authorize(Policies.Operator)]
public sealed class DeleteScheduleModel(ScheduleStore schedules, AuditLog audit) : PageModel
{
    public ScheduleRow Row { get; private set; } = null!;

    public async Task<IActionResult> OnGetAsync(string? name, CancellationToken cancellationToken) => await FindAsync(name, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(string? name, CancellationToken cancellationToken)
    {
        if (!await FindAsync(name, cancellationToken))
        {
            return NotFound();
        }

        if (await schedules.DeleteAsync(Row.Name, cancellationToken))
        {
            await audit.WriteAsync(User.ActorName(), "schedule.delete", Row.Name, null);
        }

        TempData.SetStatus($"'{Row.Name}' is deleted; what it has handed out stays.");
        return RedirectToPage("Schedules");
    }

    private async Task<bool> FindAsync(string? name, CancellationToken cancellationToken)
    {
        if ((await schedules.ListAsync(cancellationToken)).FirstOrDefault(row => row.Name == name) is not { } row)
        {
            return false;
        }

        Row = row;
        return true;
    }
}
