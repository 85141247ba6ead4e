using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>Distributions that are made every day.</summary>
public sealed class SchedulesModel(ScheduleStore schedules, AuditLog audit, TimeProvider time) : PageModel
{
    public DistributionForm Form { get; private set; } = new();

    public string At { get; private set; } = "06:00";

    public string Zone { get; private set; } = "UTC";

    public bool IsEnabled { get; private set; } = true;

    public DateTimeOffset Now { get; private set; }

    public IReadOnlyList<ScheduleRow> Schedules { get; private set; } = [];

    public string? Refusal { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    /// <summary>With a name: the form to change that one.</summary>
    public async Task<IActionResult> OnGetAsync(string? name, CancellationToken cancellationToken)
    {
        await ShowAsync(cancellationToken);
        if (name is null)
        {
            return Page();
        }

        if (Schedules.FirstOrDefault(row => row.Name == name) is not { } known)
        {
            return NotFound();
        }

        (At, Zone, IsEnabled) = (known.TimeOfDay, known.TimeZone, known.Enabled);
        Form = new DistributionForm { Known = name, Name = name, Count = known.Count, Recipients = string.Join('\n', known.Recipients), AllowPartial = known.AllowPartial };
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(DistributionForm form, string? at, string? zone, bool enabled, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        await ShowAsync(cancellationToken);
        (Form, At, Zone, IsEnabled) = (form, at ?? "", zone ?? "", enabled);
        var (request, problem) = ModelState.WhyUnreadable() is { } why ? (null, why) : form.ToRequest();
        if (request is null || !DailyTime.TryParse(at, zone?.Trim(), out var daily))
        {
            return Refuse(problem ?? "Give a time such as 06:30 and a time zone such as Europe/Berlin or UTC.", StatusCodes.Status400BadRequest);
        }

        if (form.Known != request.Name && Schedules.Any(row => row.Name == request.Name))
        {
            return Refuse($"There is a schedule '{request.Name}' already, and it was left as it is. Choose another name, or edit that one in the list.", StatusCodes.Status409Conflict);
        }

        var schedule = await schedules.PutAsync(request, daily, enabled, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "schedule.put", schedule.Name, new { schedule.TimeOfDay, schedule.TimeZone, schedule.Count, schedule.Enabled });
        TempData.SetStatus($"'{schedule.Name}' is saved.");
        return RedirectToPage("Schedules");
    }

    private PageResult Refuse(string sentence, int status)
    {
        (Refusal, Response.StatusCode) = (sentence, status);
        return Page();
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Schedules = await schedules.ListAsync(cancellationToken);
    }
}
