using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Providers;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>One sync: what became of the providers that it found, and how complete it is. <c>?handler=Live</c> draws the part that changes.</summary>
public sealed class SyncedModel(SyncResults results, JobViews views, TimeProvider time) : PageModel
{
    public SyncResult Result { get; private set; } = null!;

    public JobView Job { get; private set; } = null!;

    public DateTimeOffset Now { get; private set; }

    /// <summary>Where it looked, in words.</summary>
    public string Place => string.Join("; ", new[] { Names("", Result.Cities), Names("", Result.States), Names("ZIP ", Result.PostalCodes) }.Where(part => part.Length > 0)) is { Length: > 0 } place ? place : "the United States";

    /// <summary>It has come to an end, so what it did not read is missing.</summary>
    public bool IsOver => JobStatusExtensions.Parse(Job.Status) is { } status && status.IsFinal();

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnGetLiveAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Partial("_Synced", this) : NotFound();

    /// <summary>How far a bar reaches, in parts of a hundred of the longest one.</summary>
    public long Share(SyncSpecialty specialty) => 100 * specialty.Found / Math.Max(1, Result.Specialties.Max(other => other.Found));

    private static string Names(string before, IReadOnlyList<string> names) =>
        names.Count == 0 ? "" : before + string.Join(", ", names.Take(10)) + (names.Count > 10 ? $" and {names.Count - 10} more" : "");

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        // The view first: what is read after it is at least as new, so a job that is shown as ended is shown with all that it wrote.
        if (await views.FindAsync(id, cancellationToken) is not { } job || await results.FindAsync(id, cancellationToken) is not { } result)
        {
            return false;
        }

        (Result, Job, Now) = (result, job, time.GetUtcNow());
        return true;
    }
}
