using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>The failed items of a job in the order of the input, all or those of one cause, a page at a time by ordinal.</summary>
public sealed class FailuresModel(JobStore jobs, FailureStore failures, TimeProvider time) : PageModel
{
    private const int PageItems = 50;
    private const int MostCauses = 200;

    [BindProperty(SupportsGet = true)]
    public Guid Id { get; set; }

    /// <summary>Null: whatever the cause.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Cause { get; set; }

    /// <summary>The last ordinal of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public long? After { get; set; }

    /// <summary>The first ordinal of the page behind.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Before { get; set; }

    public JobRow Job { get; private set; } = null!;

    public IReadOnlyList<FailureCause> Causes { get; private set; } = [];

    public IReadOnlyList<Failure> Failures { get; private set; } = [];

    public string? PreviousLink { get; private set; }

    public string? NextLink { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Cause is not null && Cause.Contains('\0'))
        {
            return BadRequest();
        }

        if (await jobs.FindAsync(Id, cancellationToken) is not { } job)
        {
            return NotFound();
        }

        (Job, Now) = (job, time.GetUtcNow());
        Causes = await failures.ReadCausesAsync(Id, MostCauses, cancellationToken);
        await ReadPageAsync(cancellationToken);
        return Page();
    }

    private async Task ReadPageAsync(CancellationToken cancellationToken)
    {
        // One more than is shown tells whether there is a page on that side; that there is one on the other is known from having come from there.
        if (Before is { } before)
        {
            var back = await failures.ListBackAsync(Id, Cause, before, PageItems + 1, cancellationToken);
            Failures = [.. back.Take(PageItems).Reverse()];
            (PreviousLink, NextLink) = (back.Count > PageItems ? To(before: Failures[0].Ordinal) : null, To(after: Failures.Count > 0 ? Failures[^1].Ordinal : before - 1));
        }
        else
        {
            var on = await failures.ListAsync(Id, Cause, After ?? -1, PageItems + 1, cancellationToken);
            Failures = [.. on.Take(PageItems)];
            (PreviousLink, NextLink) = (After is { } after ? To(before: Failures.Count > 0 ? Failures[0].Ordinal : after + 1) : null, on.Count > PageItems ? To(after: Failures[^1].Ordinal) : null);
        }
    }

    private string To(long? after = null, long? before = null) => Url.Page("Failures", new { id = Id, cause = Cause, after = after?.ToString(CultureInfo.InvariantCulture), before = before?.ToString(CultureInfo.InvariantCulture) })!;
}
