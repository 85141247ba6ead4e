using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>Registers profiles from a file or a text, and says what became of each. Sending it again registers nothing twice.</summary>
[Authorize(Policies.Operator)]
[RequestSizeLimit(RequestBodies.LargeBody)]
[RequestFormLimits(MultipartBodyLengthLimit = RequestBodies.LargeBody, ValueLengthLimit = (int)RequestBodies.LargeBody)]
public sealed class RegisterModel(CodingPlatforms platforms, ProfileStore profiles, AuditLog audit) : PageModel
{
    /// <summary>Rejected entries that are listed.</summary>
    public const int MostListed = 200;

    /// <summary>What was pasted, to be corrected.</summary>
    public string? Text { get; private set; }

    public RegisterAnswer? Answer { get; private set; }

    /// <summary>Why nothing was registered; null when something was, or nothing was sent yet.</summary>
    public string? Refusal { get; private set; }

    public async Task OnPostAsync([FromForm] string? text, [FromForm] IFormFile? file, CancellationToken cancellationToken)
    {
        Text = text;
        var hasFile = file is { Length: > 0 };
        if (hasFile == !string.IsNullOrWhiteSpace(text))
        {
            Refuse(hasFile ? "Send either a file or a text; there were both, so nothing was registered." : "Choose a file or paste some lines; there was nothing to register.", StatusCodes.Status400BadRequest);
            return;
        }

        if (hasFile && PastedProfiles.FormatOf(file!.FileName) is null)
        {
            Refuse("The name of the file must end with .csv, .ndjson, .jsonl or .json, which says what is in it. Nothing was registered.", StatusCodes.Status415UnsupportedMediaType);
            return;
        }

        var (body, format) = hasFile ? (file!.OpenReadStream(), PastedProfiles.FormatOf(file.FileName)!) : PastedProfiles.Read(text!);
        await using (body)
        {
            await RegisterAsync(body, format, cancellationToken);
        }
    }

    private async Task RegisterAsync(Stream body, string format, CancellationToken cancellationToken)
    {
        var upload = new ProfileUpload(platforms);
        if (await upload.ReadAsync(body, format, cancellationToken) is { } problem)
        {
            Refuse(problem.Sentence, problem.Status);
            return;
        }

        var registered = await profiles.RegisterAsync(upload.Profiles, cancellationToken);
        await audit.WriteAsync(User.ActorName(), "profiles.register", null, new { registered, rejected = upload.RejectedCount });
        Answer = new RegisterAnswer(registered, upload.Profiles.Count - registered, upload.RejectedCount, upload.Rejected);
    }

    private void Refuse(string sentence, int status) => (Refusal, Response.StatusCode) = (sentence, status);
}
