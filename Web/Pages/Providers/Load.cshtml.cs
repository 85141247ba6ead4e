using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Providers.Files;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Pages.Jobs;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>The load of one file: how far it is by bytes, what its lines came to, what was rejected. <c>?handler=Live</c> draws the part that changes.</summary>
public sealed class LoadModel(ProviderFileStore files, JobViews views, TimeProvider time) : PageModel
{
    private const int ListedWhileItRuns = 20;

    public ProviderFileResult Result { get; private set; } = null!;

    public JobView Job { get; private set; } = null!;

    public IReadOnlyList<RejectedLine> Rejected { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public string Sentence => Job.Status == "completed" ? "Every line was read." : JobWords.Sentence(Job, Now);

    public async Task<IActionResult> OnGetAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnGetLiveAsync(Guid id, CancellationToken cancellationToken) => await ReadAsync(id, cancellationToken) ? Partial("_Load", this) : NotFound();

    /// <summary>Bytes in a unit of their size: <c>10.4 GB</c>.</summary>
    public static string Size(long bytes) => bytes switch
    {
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0.#} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB"),
    };

    private async Task<bool> ReadAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await files.FindAsync(id, cancellationToken) is not { } result || await views.FindAsync(id, cancellationToken) is not { } job)
        {
            return false;
        }

        (Result, Job, Now) = (result, job, time.GetUtcNow());
        Rejected = result.Rejected == 0 ? [] : await files.ListRejectedAsync(id, 0, result.Job.FinishedAt is null ? ListedWhileItRuns : ProviderFileEndpoints.MostListed, cancellationToken);
        return true;
    }
}
