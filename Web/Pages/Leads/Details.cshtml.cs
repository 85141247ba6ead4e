using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Leads;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Leads;

/// <summary>One lead: its provider in short, its history, and the form to change it.</summary>
public sealed class DetailsModel(LeadStore leads, AuditLog audit, TimeProvider time) : PageModel
{
    private const int Shown = 200;

    public LeadRow Lead { get; private set; } = null!;

    public IReadOnlyList<LeadEvent> History { get; private set; } = [];

    public string? Refusal { get; private set; }

    /// <summary>What was typed, when it is not taken.</summary>
    public string? NewStatus { get; private set; }

    public string? NewOwner { get; private set; }

    public string? NewNote { get; private set; }

    /// <summary>What the form showed when it was opened: only what somebody changed there is changed, and what others change meanwhile stays.</summary>
    public string WasStatus { get; private set; } = "";

    public string WasOwner { get; private set; } = "";

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(Guid id, string? status, string? owner, string? note, string? wasStatus, string? wasOwner, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (!await ReadAsync(id, cancellationToken))
        {
            return NotFound();
        }

        owner = owner?.Trim() ?? "";
        var change = new LeadChange(status == wasStatus ? null : status, owner == (wasOwner ?? "") ? null : owner, string.IsNullOrWhiteSpace(note) ? null : note);
        if ((change is { Status: null, Owner: null, Note: null } ? "Nothing was changed: choose another status or owner, or write a note." : change.Problem()) is { } problem)
        {
            (WasStatus, WasOwner) = (wasStatus ?? "", wasOwner ?? "");
            (NewStatus, NewOwner, NewNote, Refusal, Response.StatusCode) = (status, owner, note, problem, StatusCodes.Status400BadRequest);
            return Page();
        }

        await leads.ChangeAsync([id], change, User.ActorName(), cancellationToken);
        await audit.WriteAsync(User.ActorName(), "lead.change", id.ToString(), new { change.Status, change.Owner });
        TempData.SetStatus("It is saved.");
        return RedirectToPage("Details", new { id });
    }

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await leads.FindAsync(id, cancellationToken) is not { } lead)
        {
            return false;
        }

        (Lead, Now, WasStatus, WasOwner) = (lead, time.GetUtcNow(), lead.Status, lead.Owner ?? "");
        History = await leads.ReadHistoryAsync(id, Shown, cancellationToken);
        return true;
    }
}
