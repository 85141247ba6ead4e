using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>One distribution: its recipients, what became of their usernames, files, and the form to set statuses.</summary>
[RequestSizeLimit(LargestForm)]
[RequestFormLimits(ValueLengthLimit = LargestForm)]
public sealed class DetailsModel(DistributionStore distributions, AssignmentStore assignments, AuditLog audit, TimeProvider time) : PageModel
{
    private const int LargestForm = 16 * 1024 * 1024;

    public DistributionRow Row { get; private set; } = null!;

    public IReadOnlyList<RecipientRow> Recipients { get; private set; } = [];

    public string? Ids { get; private set; }

    public string? Refusal { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(Guid id, string? status, string? ids, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (!await ReadAsync(id, cancellationToken))
        {
            return NotFound();
        }

        var wanted = (ids ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (wanted.Length == 0 || status is null || !AssignmentStatus.All.Contains(status) || wanted.Any(one => one.Contains('\0')))
        {
            (Ids, Refusal, Response.StatusCode) = (ids, "Pick a status and give the ids, one a line.", StatusCodes.Status400BadRequest);
            return Page();
        }

        var updated = await assignments.SetStatusAsync(id, [.. wanted.Select(one => (one, status))], cancellationToken);
        await audit.WriteAsync(User.ActorName(), "distribution.status", id.ToString(), new { status, updated }, CancellationToken.None);
        var unknown = wanted.Distinct(StringComparer.Ordinal).Count() - updated;
        TempData.SetStatus($"{updated:N0} are {status} now." + (unknown > 0 ? $" {unknown:N0} of the ids were not handed out here." : ""));
        return RedirectToPage("Details", new { id });
    }

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await distributions.FindAsync(id, cancellationToken) is not { } row)
        {
            return false;
        }

        (Row, Now) = (row, time.GetUtcNow());
        Recipients = await distributions.ReadRecipientsAsync(id, cancellationToken);
        return true;
    }
}
