using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>Removes assignments by status and age, after saying how many they are.</summary>
[Authorize(Policies.Operator)]
public sealed class CleanUpModel(AssignmentStore assignments, AuditLog audit, TimeProvider time) : PageModel
{
    private const int MostDays = 36_500;
    private const int MostCounted = 100_000;

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    /// <summary>For so long they have had the status.</summary>
    [BindProperty(SupportsGet = true)]
    public int Days { get; set; }

    /// <summary>Whether their usernames can be handed out again.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Release { get; set; }

    /// <summary>How many there are; counted up to 100,000.</summary>
    public long Count { get; private set; }

    public string? Refusal { get; private set; }

    public string CountWords => Count > MostCounted ? $"More than {MostCounted:N0} assignments have" : Count == 1 ? "1 assignment has" : $"{Count:N0} assignments have";

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Request.QueryString == QueryString.Empty)
        {
            return RedirectToPage("Index"); // where it is asked for
        }

        if (IsAskedWell())
        {
            Count = await assignments.CountOldAsync(Status!, Before, MostCounted + 1, cancellationToken);
        }

        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!IsAskedWell())
        {
            return Page();
        }

        var result = await assignments.CleanUpAsync(Status!, Before, Release, cancellationToken);
        await audit.WriteAsync(User.ActorName(), "distribution.cleanup", null, new { Status, Days, Release, result.Removed, result.Released });
        TempData.SetStatus($"{result.Removed:N0} assignments are removed, {result.Released:N0} usernames can be handed out again.");
        return RedirectToPage("Index");
    }

    private DateTimeOffset Before => time.GetUtcNow().AddDays(-Days);

    private bool IsAskedWell()
    {
        if (Status is not null && AssignmentStatus.All.Contains(Status) && Days is >= 0 and <= MostDays && ModelState.IsValid)
        {
            return true;
        }

        (Refusal, Response.StatusCode) = ($"Say which status, and for how many days (0 to {MostDays:N0}).", StatusCodes.Status400BadRequest);
        return false;
    }
}
