using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Pages.Charts;
using OrleansBulk.Web.Pages.Overview;

namespace OrleansBulk.Web.Pages;

/// <summary>Whether all is well: what runs, what went wrong, how the upstreams are, how much was done. <c>?handler=Live</c> draws the part that changes.</summary>
public sealed class IndexModel(JobStore jobs, JobViews views, FailureStore failures, Timelines timelines, UpstreamViews upstreams, TimeProvider time) : PageModel
{
    private const int MostJobs = 8;
    private const int MostCauses = 5;
    private static readonly TimeSpan Lately = TimeSpan.FromDays(1);

    /// <summary>Jobs at work, then those that are paused.</summary>
    public IReadOnlyList<JobView> Open { get; private set; } = [];

    public IReadOnlyList<JobView> Failed { get; private set; } = [];

    public RecentFailures Failures { get; private set; } = null!;

    internal IReadOnlyList<UpstreamHealth> Upstreams { get; private set; } = [];

    public MinuteChart Finished { get; private set; } = null!;

    public Verdict Verdict { get; private set; } = null!;

    /// <summary>No job was ever started here.</summary>
    public bool IsNew { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayStart => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task OnGetAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<IActionResult> OnGetLiveAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        return Partial("Overview/_Live", this);
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Open = await views.ShowAsync(await jobs.ListOpenAsync(MostJobs, cancellationToken), cancellationToken);
        Failed = [.. (await jobs.ListFailedAsync(Now - Lately, MostCauses, cancellationToken)).Select(job => JobView.Of(job, null, Now))];
        Failures = await failures.ReadRecentAsync(Now - Lately, MostCauses, cancellationToken);
        Finished = MinuteChart.Of(await timelines.ReadLastHourAsync(cancellationToken));
        Upstreams = [.. (await upstreams.ListAsync(cancellationToken)).Where(upstream => upstream.Enabled).Select(UpstreamHealth.Of)];
        Verdict = Verdict.Of(await jobs.CountLatelyAsync(Now - Lately, Verdict.MostCounted + 1, cancellationToken), Upstreams, Failures);
        IsNew = Open.Count == 0 && (await jobs.ListAsync(null, null, null, null, 1, cancellationToken)).Count == 0;
    }
}
