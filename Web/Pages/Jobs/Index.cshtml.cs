using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.Rendering;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>
/// Jobs, newest first, a page at a time by key. <c>?handler=Rows</c> draws the rows that somebody looks at, and no others: a list that moves under one's eyes
/// cannot be clicked. That there are newer ones is said above it.
/// </summary>
public sealed class IndexModel(JobStore jobs, JobEngine engine, TimeProvider time) : PageModel
{
    private const int PageItems = 25;

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Workload { get; set; }

    /// <summary>The beginning of an id or its end, the beginning of an idempotency key, or who started it.</summary>
    [BindProperty(SupportsGet = true, Name = "q")]
    public string? Query { get; set; }

    /// <summary>The last job of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public IReadOnlyList<JobView> Jobs { get; private set; } = [];

    public Guid? Next { get; private set; }

    /// <summary>The list does not begin with its newest job any more.</summary>
    public bool HasNewer { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Status is not null || Workload is not null || Query is not null;

    public bool MayStart => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public IEnumerable<SelectListItem> Statuses => Enum.GetValues<JobStatus>().Select(status => new SelectListItem(status.Wire(), status.Wire()));

    public IEnumerable<SelectListItem> Workloads => engine.Workloads.Select(name => new SelectListItem(name, name));

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!IsReadable())
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        var page = await ListAsync(After, PageItems + 1, cancellationToken);
        Jobs = [.. page.Take(PageItems).Select(job => JobView.Of(job, null, Now))];
        Next = page.Count > PageItems ? Jobs[^1].Id : null;
        return Page();
    }

    /// <param name="job">The jobs that are shown.</param>
    public async Task<IActionResult> OnGetRowsAsync(Guid[] job, CancellationToken cancellationToken)
    {
        if (!IsReadable() || job.Length > PageItems)
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        Jobs = [.. (await jobs.FindAsync(job, cancellationToken)).Select(row => JobView.Of(row, null, Now))];
        HasNewer = After is null && (await ListAsync(null, 1, cancellationToken)) is [var newest] && Array.TrueForAll(job, shown => shown.CompareTo(newest.Id) < 0);
        return Partial("_Rows", this);
    }

    public string Link(Guid? after) => Url.Page("Index", new { status = Status, workload = Workload, q = Query, after })!;

    /// <summary>Where the rows that are shown are drawn again.</summary>
    public string RowsLink() => Url.Page("Index", "Rows", new { status = Status, workload = Workload, q = Query, after = After }) + string.Concat(Jobs.Select(job => $"&job={job.Id}"));

    private Task<IReadOnlyList<JobRow>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken) =>
        jobs.ListAsync(Workload, JobStatusExtensions.Parse(Status), Query?.Trim(), after, limit, cancellationToken);

    private bool IsReadable() => !(Workload + Query).Any(char.IsControl);
}
