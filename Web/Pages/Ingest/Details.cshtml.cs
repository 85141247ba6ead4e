using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Ingest;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Ingest;

/// <summary>One ingest: how far it is, what it came to, what was rejected. <c>?handler=Live</c> draws the part that changes.</summary>
public sealed class DetailsModel(IngestResults results, UsernameStore usernames, JobViews views, TimeProvider time) : PageModel
{
    private const int MostRejected = 20;
    private const int MostAdded = 10;

    public IngestResult Result { get; private set; } = null!;

    public JobView Job { get; private set; } = null!;

    public IReadOnlyList<UsernameRow> Added { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnGetLiveAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Partial("_Live", this) : NotFound();

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await results.FindAsync(id, MostRejected, cancellationToken) is not { } result || await views.FindAsync(id, cancellationToken) is not { } job)
        {
            return false;
        }

        (Result, Job, Now) = (result, job, time.GetUtcNow());
        Added = result.Job.FinishedAt is null ? [] : await usernames.ListOfIngestAsync(id, MostAdded, cancellationToken);
        return true;
    }
}
