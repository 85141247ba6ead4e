using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>One job: what became of its items so far, what holds it, why items failed. <c>?handler=Live</c> draws the part that changes, and nothing else.</summary>
public sealed class DetailsModel(JobViews views, JobStore jobs, FailureStore failures, Timelines timelines, JobEngine engine, TimeProvider time) : PageModel
{
    private const int MostCauses = 20;
    private const int MostLines = 50;

    public JobView Job { get; private set; } = null!;

    public IReadOnlyList<FailureCause> Causes { get; private set; } = [];

    public IReadOnlyList<SkipReason> Skips { get; private set; } = [];

    public IReadOnlyList<TimelinePoint> Timeline { get; private set; } = [];

    public IReadOnlyList<JobLogLine> Log { get; private set; } = [];

    /// <summary>Counted from rows because somebody asked for it; null otherwise, since it reads every chunk.</summary>
    public Ledger? Ledger { get; private set; }

    /// <summary>What was asked for, as JSON.</summary>
    public string? Spec { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayCommand => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    /// <summary>Failed items can be tried again.</summary>
    public bool CanRetry => engine.Find(Job.Workload) is { CanRetry: true };

    public async Task<IActionResult> OnGetAsync(Guid id, bool verify, CancellationToken cancellationToken)
    {
        if (!await ReadAsync(id, cancellationToken))
        {
            return NotFound();
        }

        Ledger = verify ? await jobs.ReadLedgerAsync(id, cancellationToken) : null;
        Spec = JsonText.Indent(await jobs.ReadSpecAsync(id, cancellationToken));
        return Page();
    }

    public async Task<IActionResult> OnGetLiveAsync(Guid id, CancellationToken cancellationToken) =>
        await ReadAsync(id, cancellationToken) ? Partial("_Live", this) : NotFound();

    /// <summary>Where the failures are had as a file.</summary>
    public string Export(string format, string? cause) => Url.Content($"~/api/jobs/{Job.Id}/failures") + QueryString.Create([new("format", format), .. cause is null ? [] : new KeyValuePair<string, string?>[] { new("cause", cause) }]);

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await views.FindAsync(id, cancellationToken) is not { } job)
        {
            return false;
        }

        (Job, Now) = (job, time.GetUtcNow());
        Causes = await failures.ReadCausesAsync(id, MostCauses, cancellationToken);
        Skips = await failures.ReadSkipsAsync(id, cancellationToken);
        Timeline = await timelines.ReadAsync(id, cancellationToken);
        Log = await jobs.ReadLogAsync(id, MostLines, cancellationToken);
        return true;
    }
}
