using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>Distributions that are made every day.</summary>
public sealed class SchedulesModel(ScheduleStore schedules, AuditLog audit) : PageModel
{
    public DistributionForm Form { get; private set; } = new();

    public string At { get; private set; } = "06:00";

    public string Zone { get; private set; } = "UTC";

    public IReadOnlyList<ScheduleRow> Schedules { get; private set; } = [];

    public string? Refusal { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task OnGetAsync(CancellationToken cancellationToken) => Schedules = await schedules.ListAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(DistributionForm form, string? at, string? zone, bool enabled, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        var (request, problem) = form.ToRequest();
        if (request is null || !DailyTime.TryParse(at, zone?.Trim(), out var daily))
        {
            (Form, At, Zone, Refusal) = (form, at ?? "", zone ?? "", problem ?? "Give a time such as 06:30 and a time zone such as Europe/Berlin or UTC.");
            Response.StatusCode = StatusCodes.Status400BadRequest;
            await OnGetAsync(cancellationToken);
            return Page();
        }

        var schedule = await schedules.PutAsync(request, daily, enabled, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "schedule.put", schedule.Name, new { schedule.TimeOfDay, schedule.TimeZone, schedule.Count, schedule.Enabled }, CancellationToken.None);
        TempData.SetStatus($"'{schedule.Name}' is saved.");
        return RedirectToPage("Schedules");
    }

    public async Task<IActionResult> OnPostDeleteAsync(string? name, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (name is not null && await schedules.DeleteAsync(name, cancellationToken))
        {
            await audit.WriteAsync(User.ActorName(), "schedule.delete", name, null, CancellationToken.None);
            TempData.SetStatus($"'{name}' is deleted; what it has handed out stays.");
        }

        return RedirectToPage("Schedules");
    }
}
