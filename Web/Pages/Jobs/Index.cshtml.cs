using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.Rendering;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>Jobs, newest first, a page at a time by key.</summary>
public sealed class IndexModel(JobStore jobs, JobEngine engine, TimeProvider time) : PageModel
{
    private const int PageItems = 25;

    [BindProperty(SupportsGet = true)]
    public string? Status { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Workload { get; set; }

    /// <summary>The last job of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public IReadOnlyList<JobView> Jobs { get; private set; } = [];

    public Guid? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Status is not null || Workload is not null || After is not null;

    public bool MayStart => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public IEnumerable<SelectListItem> Statuses => Enum.GetValues<JobStatus>().Select(status => new SelectListItem(status.Wire(), status.Wire()));

    public IEnumerable<SelectListItem> Workloads => engine.Workloads.Select(name => new SelectListItem(name, name));

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (Workload is not null && Workload.Any(char.IsControl))
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        var page = await jobs.ListAsync(Workload, JobStatusExtensions.Parse(Status), null, After, PageItems + 1, cancellationToken);
        Jobs = [.. page.Take(PageItems).Select(job => JobView.Of(job, null, Now))];
        Next = page.Count > PageItems ? Jobs[^1].Id : null;
        return Page();
    }
}
