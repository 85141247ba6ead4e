using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Foreground;

namespace OrleansBulk.Web.Pages.Tabs;

/// <summary>Every tab and how it stands; the commands to sync and to pause. <c>?handler=Live</c> draws the part that changes.</summary>
[NotForeground] // the lag is the source's to tell
public sealed class IndexModel(TabViews views, TabCatalog catalog, TabStore store, TabOptions options, JobIntake intake, AuditLog audit, TimeProvider time) : PageModel
{
    public IReadOnlyList<TabView> Tabs { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    /// <summary>When syncs come by themselves, and where they write.</summary>
    public string Schedule => (options.Scheduled
        ? $"Synced every {PageWords.Took(options.Interval)}{(options.Incremental ? $", all rows compared every {PageWords.Took(options.FullEvery)}" : ", all rows compared each time")}"
        : "Synced when somebody says so; Tabs:Scheduled=true does it by itself")
        + (options.Destination == "files" ? ". Written to files." : ". Written to Google Sheets.");

    public Task OnGetAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<IActionResult> OnGetLiveAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        return Partial("_Tabs", this);
    }

    /// <summary>A form that names no command.</summary>
    public IActionResult OnPost() => MayChange ? RedirectToPage("Index") : Forbid();

    public async Task<IActionResult> OnPostSyncAsync([FromForm] string? tab, [FromForm] bool full, [FromForm] bool closeGaps, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (tab is not null && catalog.Find(tab) is null)
        {
            return NotFound();
        }

        var tabs = tab is null ? null : new[] { tab };
        var spec = JsonSerializer.SerializeToElement(new { tabs, incremental = !full, closeGaps = closeGaps ? tabs : null });
        var (id, problem) = await JobEndpoints.AcceptAsync(new JobRequest(TabSync.WorkloadName, spec, JobMode.Standard, null, null), User, intake, audit, cancellationToken);
        TempData.SetStatus(problem?.Sentence ?? "The sync is started.");
        return problem is not null ? RedirectToPage("Index") : RedirectToPage("/Jobs/Details", new { id });
    }

    public async Task<IActionResult> OnPostPauseAsync([FromForm] string? tab, [FromForm] bool paused, CancellationToken cancellationToken)
    {
        if (!MayChange)
        {
            return Forbid();
        }

        if (tab is null || catalog.Find(tab) is not { } known)
        {
            return NotFound();
        }

        await store.PauseAsync(tab, paused, cancellationToken);
        await audit.WriteAsync(User.ActorName(), paused ? "tab.pause" : "tab.resume", tab, null);
        TempData.SetStatus(paused ? $"{known.Title} is left out of syncs until it is resumed." : $"{known.Title} is synced again.");
        return RedirectToPage("Index");
    }

    private async Task ReadAsync(CancellationToken cancellationToken) => (Tabs, Now) = (await views.ListAsync(cancellationToken), time.GetUtcNow());
}
