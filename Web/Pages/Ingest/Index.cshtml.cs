using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Pages.Ingest;

/// <summary>
/// What was ingested, and the form to ingest more. With scripts the browser sends the file to the API as it is and shows how much is sent; without them the form
/// brings it, which is put on disk on its way and may be smaller.
/// </summary>
[RequestSizeLimit(LargestForm)]
[RequestFormLimits(MultipartBodyLengthLimit = LargestForm, ValueLengthLimit = LargestPaste)]
public sealed class IndexModel(IngestIntake intake, IngestOptions options, IngestResults results, AuditLog audit, TimeProvider time) : PageModel
{
    private const int Shown = 20;
    private const long LargestForm = 256L * 1024 * 1024;
    private const int LargestPaste = 16 * 1024 * 1024;

    public IReadOnlyList<JobRow> Ingests { get; private set; } = [];

    /// <summary>Why what was sent is not taken.</summary>
    public string? Refusal { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayIngest => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(IFormFile? file, string? text, string? format, CancellationToken cancellationToken)
    {
        if (!MayIngest)
        {
            return Forbid();
        }

        format = file is { Length: > 0 } ? FormatOf(file.FileName) : format;
        await using var staged = intake.Receive();
        var problem = await ReadAsync(file, text, format, staged, cancellationToken);
        if (problem is not null)
        {
            (Refusal, Response.StatusCode) = (problem.Sentence, problem.Status);
            await ShowAsync(cancellationToken);
            return Page();
        }

        var id = staged.JobId;
        await staged.AcceptAsync(format!, file?.FileName, User.ActorName(), cancellationToken); // without a key it is always a new one
        await audit.WriteAsync(User.ActorName(), "ingest.start", id.ToString(), new { rows = staged.Rows, rejected = staged.Rejected });
        TempData.SetStatus("The rows are received.");
        return RedirectToPage("Details", new { id });
    }

    private async Task<ProblemAnswer?> ReadAsync(IFormFile? file, string? text, string? format, StagedIngest staged, CancellationToken cancellationToken)
    {
        if (file is { Length: > 0 })
        {
            await using var content = file.OpenReadStream();
            return format is not null
                ? await IngestBody.ReadAsync(content, format, staged, options, cancellationToken)
                : Problems.UnsupportedFormat("The file's name must end in .csv, .ndjson, .jsonl or .json, with or without .gz.");
        }

        return string.IsNullOrWhiteSpace(text) || format is not ("csv" or "ndjson" or "json")
            ? Problems.BadRequest("Pick a file, or paste rows and say what they are.")
            : await IngestBody.ReadAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), format, staged, options, cancellationToken);
    }

    private static string? FormatOf(string name) => Path.GetExtension(name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name).ToLowerInvariant() switch
    {
        ".csv" => "csv",
        ".ndjson" or ".jsonl" => "ndjson",
        ".json" => "json",
        _ => null,
    };

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Ingests = await results.ListAsync(Shown, cancellationToken);
    }
}
