using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using OrleansBulk.Providers;
using OrleansBulk.Providers.Files;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/providers/file</c>: the NPPES file, uploaded or from the folder, and what loading it came to.</summary>
internal static class ProviderFileEndpoints
{
    public const int MostListed = 1000;
    private const int LongestName = 200;
    private static readonly MinDataRate Slowest = new(16 * 1024, TimeSpan.FromSeconds(20)); // as for an ingest
    private static readonly string[] Types = ["application/json", "text/csv", "application/zip", "application/octet-stream"];

    public static void MapProviderFiles(this IEndpointRouteBuilder routes)
    {
        var files = routes.MapGroup("/api/providers/file").WithTags("Providers").RequireAuthorization(Policies.Viewer);
        files.MapPost("/", PostAsync).RequireAuthorization(Policies.Operator).Reads<FileBody>(required: true, Types).Produces<JobStarted>(StatusCodes.Status202Accepted)
            .WithSummary("Loads the NPPES file, monthly or weekly, or the deactivation list: as the body (CSV, or the zip as published), or as {path} below the folder for files.");
        files.MapGet("/{id:guid}", GetAsync).Produces<ProviderFileView>().WithSummary("How far the load of a file is, by bytes, what its lines came to, and the first rejected ones.");
        files.MapGet("/{id:guid}/rejected.csv", RejectedAsync).Produces<string>(StatusCodes.Status200OK, "text/csv").WithSummary("All lines that were not taken, with number and reason, as CSV.");
    }

    private static async Task<IResult> PostAsync(HttpContext context, ProviderFileIntake intake, ProviderFileOptions options, AuditLog audit, string? name, string? specialties, string? states, CancellationToken cancellationToken)
    {
        if (context.Request.HasJsonContentType())
        {
            return await LoadAsync(context, intake, audit, cancellationToken);
        }

        if (name is { Length: > LongestName } || name?.Any(char.IsControl) is true)
        {
            return Problems.BadRequest($"name must have at most {LongestName} characters and no control characters.");
        }

        var (choice, problem) = ReadChoice(Parts(specialties), Parts(states));
        return problem ?? await UploadAsync(context, intake, options, audit, string.IsNullOrWhiteSpace(name) ? "upload" : name.Trim(), choice!, cancellationToken);
    }

    private static async Task<IResult> UploadAsync(
        HttpContext context, ProviderFileIntake intake, ProviderFileOptions options, AuditLog audit, string name, ProviderFileChoice choice, CancellationToken cancellationToken)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = options.MaxUploadBytes;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = Slowest;
        }

        var (file, problem) = await TakeAsync(async () => await intake.UploadAsync(new LimitedBody(context.Request.Body, options.MaxUploadBytes), name, choice, context.User.ActorName(), cancellationToken), options);
        return problem ?? await StartedAsync(context, audit, file!);
    }

    private static async Task<IResult> LoadAsync(HttpContext context, ProviderFileIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            FileBody? read;
            try
            {
                read = body!.RootElement.Deserialize<FileBody>(WireJson.Options);
            }
            catch (JsonException)
            {
                read = null;
            }

            if (read?.Path is null)
            {
                return Problems.BadRequest("Send {\"path\": \"2026-10/npidata.zip\", \"specialties\": […], \"states\": […]}, or the file itself as text/csv or application/zip.");
            }

            var (choice, problem) = ReadChoice(read.Specialties ?? [], read.States ?? []);
            if (problem is not null)
            {
                return problem;
            }

            string? wrong = null;
            var (file, broken) = await TakeAsync(async () =>
            {
                (var accepted, wrong) = await intake.LoadAsync(read.Path, choice!, context.User.ActorName(), cancellationToken);
                return accepted;
            }, null);
            return broken ?? (wrong is not null ? Problems.BadRequest(wrong) : await StartedAsync(context, audit, file!));
        }
    }

    /// <summary>Runs a reception, and says what is wrong with what was sent.</summary>
    internal static async Task<(AcceptedFile? File, ProblemAnswer? Problem)> TakeAsync(Func<Task<AcceptedFile?>> take, ProviderFileOptions? options)
    {
        try
        {
            return (await take(), null);
        }
        catch (NotNppesFileException error)
        {
            return (null, Problems.BadRequest($"{ProfileWords.Clean(error.Message)} Nothing was loaded."));
        }
        catch (Exception error) when (error is BodyTooLargeException or Microsoft.AspNetCore.Http.BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge })
        {
            return (null, Problems.TooLarge($"The file is larger than the {options?.MaxUploadBytes:N0} bytes that are taken. Put it into the folder for files and load it by its path; nothing of it was kept."));
        }
        catch (Exception error) when (error is IOException and not (Microsoft.AspNetCore.Http.BadHttpRequestException or Microsoft.AspNetCore.Connections.ConnectionResetException) or UnauthorizedAccessException)
        {
            return (null, Problems.Unavailable($"The file cannot be kept or read here: {ProfileWords.Clean(error.Message.TrimEnd('.'))}. Nothing of it was kept.", TimeSpan.FromMinutes(1)));
        }
    }

    /// <summary>Specialties by code or name and states, or the problem with them.</summary>
    internal static (ProviderFileChoice? Choice, ProblemAnswer? Problem) ReadChoice(IReadOnlyList<string> specialties, IReadOnlyList<string> states)
    {
        if (specialties.Concat(states).Any(entry => entry is null))
        {
            return (null, Problems.BadRequest("specialties and states are lists of texts; an entry is null. Nothing was loaded."));
        }

        var codes = new List<string>();
        foreach (var specialty in specialties)
        {
            if (ProviderQuery.CodeOf(specialty) is not { } code)
            {
                return (null, Problems.BadRequest($"'{ProfileWords.Clean(specialty)}' is no taxonomy code such as 207R00000X, and no specialty that is known by name. Nothing was loaded."));
            }

            codes.Add(code);
        }

        return states.FirstOrDefault(state => !Places.IsState(state.Trim().ToUpperInvariant())) is { } unknown
            ? (null, Problems.BadRequest($"'{ProfileWords.Clean(unknown)}' is no state; write its two letters, such as CA. Nothing was loaded."))
            : (new ProviderFileChoice([.. codes.Distinct()], [.. states.Select(state => state.Trim().ToUpperInvariant()).Distinct()]), null);
    }

    /// <summary>What a list in one text names. Names of specialties have commas in them, so those are divided by semicolons or lines.</summary>
    internal static string[] Parts(string? list) => (list ?? "").Split(list?.AsSpan().IndexOfAny(";\n") >= 0 ? [';', '\n'] : list is not null && Specialties.Find(list.Trim()) is not null ? ['\n'] : [','],
        StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static async Task<IResult> StartedAsync(HttpContext context, AuditLog audit, AcceptedFile file)
    {
        await audit.WriteAsync(context.User.ActorName(), "providers.file", file.JobId.ToString(), new { file.Spec.Name, file.Spec.Kind, file.Spec.FileBytes, file.Spec.Specialties, file.Spec.States });
        return JobEndpoints.Accepted(file.JobId);
    }

    private static async Task<IResult> GetAsync(Guid id, ProviderFileStore files, JobViews views, CancellationToken cancellationToken)
    {
        if (await files.FindAsync(id, cancellationToken) is not { } file || await views.FindAsync(id, cancellationToken) is not { } job)
        {
            return Unknown(id);
        }

        return TypedResults.Ok(ProviderFileView.Of(file, job, file.Rejected == 0 ? [] : await files.ListRejectedAsync(id, 0, MostListed, cancellationToken)));
    }

    private static async Task<IResult> RejectedAsync(Guid id, HttpContext context, ProviderFileStore files, CancellationToken cancellationToken)
    {
        if (await files.FindAsync(id, cancellationToken) is null)
        {
            return Unknown(id);
        }

        context.Response.Headers.ContentDisposition = $"attachment; filename=\"rejected-{id}.csv\"";
        return Results.Stream(async body =>
        {
            await using var writer = new StreamWriter(body, leaveOpen: true);
            await writer.WriteAsync(CsvText.Line("line", "npi", "reason"));
            await foreach (var line in files.ExportRejectedAsync(id, cancellationToken))
            {
                await writer.WriteAsync(CsvText.Line(line.Line.ToString(CultureInfo.InvariantCulture), line.Npi, line.Reason));
            }
        }, "text/csv; charset=utf-8");
    }

    private static ProblemAnswer Unknown(Guid id) => Problems.NotFound($"There is no load of a provider file {id}.");
}

/// <param name="Path">Below the folder for files.</param>
/// <param name="Specialties">Taxonomy codes or names of specialties; all when left out.</param>
/// <param name="States">Two letters each, of the practice; all when left out.</param>
public sealed record FileBody(string? Path, IReadOnlyList<string>? Specialties, IReadOnlyList<string>? States);

/// <summary>A load of a provider file on the wire.</summary>
/// <param name="Bytes">Of the text, unpacked.</param>
/// <param name="Lines">Read so far, without the header: always the sum of the six counts that follow.</param>
/// <param name="Deactivated">Marked as deactivated by lines that say no more than that.</param>
/// <param name="LeftOut">Of other specialties or states than were asked for.</param>
/// <param name="RejectedLines">The first thousand of them.</param>
public sealed record ProviderFileView(
    Guid Id, string Name, string Kind, string? Member, string Status, string? Error, long Bytes, long BytesRead, double Percent, EtaView? EtaSeconds,
    long Lines, long Created, long Updated, long Unchanged, long Deactivated, long LeftOut, long Rejected, IReadOnlyList<RejectedLine> RejectedLines, JobLinks Links)
{
    public static ProviderFileView Of(ProviderFileResult file, JobView job, IReadOnlyList<RejectedLine> rejected) => new(
        job.Id, file.Spec.Name, file.Spec.Kind, file.Spec.Member, job.Status, job.Error, file.Spec.Bytes, file.BytesRead, job.Progress.Percent, job.Progress.EtaSeconds,
        file.Lines, file.Created, file.Updated, file.Unchanged, file.Deactivated, file.LeftOut, file.Rejected, rejected, job.Links);
}
