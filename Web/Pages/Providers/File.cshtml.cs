using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Providers.Files;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Providers;

/// <summary>
/// Files that were loaded, and the form to load more. With scripts the browser sends the file to the API as it is and shows how much is sent; without them the form brings it,
/// which is put on disk on its way and may be smaller.
/// </summary>
[RequestSizeLimit(LargestForm)]
[RequestFormLimits(MultipartBodyLengthLimit = LargestForm)]
public sealed class FileModel(ProviderFileIntake intake, ProviderFileStore files, ProviderFileOptions options, AuditLog audit, TimeProvider time) : PageModel
{
    private const int Shown = 20;
    private const long LargestForm = 2L * 1024 * 1024 * 1024;

    public IReadOnlyList<JobRow> Loads { get; private set; } = [];

    /// <summary>Why what was sent is not loaded.</summary>
    public string? Refusal { get; private set; }

    public string? Path { get; private set; }

    /// <summary>Specialties as they were typed.</summary>
    public string? Only { get; private set; }

    public string? States { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool HasFolder => !string.IsNullOrEmpty(options.Folder);

    public bool MayLoad => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task OnGetAsync(CancellationToken cancellationToken) => ShowAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync(IFormFile? file, string? path, string? specialties, string? states, CancellationToken cancellationToken)
    {
        if (!MayLoad)
        {
            return Forbid();
        }

        (Path, Only, States) = (path, specialties, states);
        var (choice, problem) = ProviderFileEndpoints.ReadChoice((specialties ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), ProviderFileEndpoints.Parts(states));
        string? wrong = null;
        AcceptedFile? accepted = null;
        if (problem is null)
        {
            (accepted, problem) = await ProviderFileEndpoints.TakeAsync(async () =>
            {
                (var taken, wrong) = await TakeAsync(file, path, choice!, cancellationToken);
                return taken;
            }, options);
        }

        if (accepted is null)
        {
            (Refusal, Response.StatusCode) = (problem?.Sentence ?? wrong, problem?.Status ?? StatusCodes.Status400BadRequest);
            await ShowAsync(cancellationToken);
            return Page();
        }

        await audit.WriteAsync(User.ActorName(), "providers.file", accepted.JobId.ToString(), new { accepted.Spec.Name, accepted.Spec.Kind, accepted.Spec.FileBytes });
        TempData.SetStatus("The file is received.");
        return RedirectToPage("Load", new { id = accepted.JobId });
    }

    private async Task<(AcceptedFile? File, string? Problem)> TakeAsync(IFormFile? file, string? path, ProviderFileChoice choice, CancellationToken cancellationToken)
    {
        if (file is { Length: > 0 })
        {
            await using var content = file.OpenReadStream();
            return (await intake.UploadAsync(content, System.IO.Path.GetFileName(file.FileName), choice, User.ActorName(), cancellationToken), null);
        }

        return string.IsNullOrWhiteSpace(path) ? (null, HasFolder ? "Pick a file, or name one of the folder." : "Pick a file.") : await intake.LoadAsync(path.Trim(), choice, User.ActorName(), cancellationToken);
    }

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        Loads = await files.ListAsync(Shown, cancellationToken);
    }
}
