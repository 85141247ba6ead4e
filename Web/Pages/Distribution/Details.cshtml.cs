using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>One distribution: its recipients, what became of their usernames, files, and the form to set statuses.</summary>
[RequestSizeLimit(LargestForm)]
[RequestFormLimits(ValueLengthLimit = LargestForm, MultipartBodyLengthLimit = LargestForm)]
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

    public async Task<IActionResult> OnPostAsync(Guid id, string? status, string? ids, IFormFile? file, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (!await ReadAsync(id, cancellationToken))
        {
            return NotFound();
        }

        var (statuses, refusal) = await ReadStatusesAsync(status, ids, file, cancellationToken);
        if (statuses is null)
        {
            (Ids, Refusal, Response.StatusCode) = (ids, refusal, StatusCodes.Status400BadRequest);
            return Page();
        }

        var updated = await assignments.SetStatusAsync(id, statuses, cancellationToken);
        await audit.WriteAsync(User.ActorName(), "distribution.status", id.ToString(), new { updated });
        var unknown = statuses.Select(one => one.Id).Distinct(StringComparer.Ordinal).Count() - updated;
        TempData.SetStatus($"{updated:N0} {(updated == 1 ? "status is" : "statuses are")} set." + (unknown > 0 ? $" {unknown:N0} of the ids were not handed out here." : ""));
        return RedirectToPage("Details", new { id });
    }

    private static async Task<(IReadOnlyList<(string Id, string Status)>? Statuses, string? Refusal)> ReadStatusesAsync(string? status, string? ids, IFormFile? file, CancellationToken cancellationToken)
    {
        var hasFile = file is { Length: > 0 };
        if (hasFile == !string.IsNullOrWhiteSpace(ids))
        {
            return (null, hasFile ? "Send either a file or ids; there were both, so nothing was changed." : "Pick a file, or a status and ids, one a line.");
        }

        if (hasFile)
        {
            await using var content = file!.OpenReadStream();
            var (read, problem) = await StatusUpload.ReadCsvAsync(content, cancellationToken);
            return (read, problem?.Sentence);
        }

        var (listed, refused) = StatusUpload.Check([.. ids!.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(one => (one, status ?? ""))]);
        return (listed, refused?.Sentence);
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
