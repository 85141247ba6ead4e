using System.Text.Json;
using OrleansBulk.Jobs;
using OrleansBulk.Providers;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/sync</c>: providers from the NPPES registry. Design, section 8.</summary>
internal static class SyncEndpoints
{
    private static readonly string[] OfTheJob = ["mode", "maxConcurrency", "idempotencyKey"];

    public static void MapSync(this IEndpointRouteBuilder routes)
    {
        var sync = routes.MapGroup("/api/sync").WithTags("Providers").RequireAuthorization(Policies.Viewer);
        sync.MapPost("/", PostAsync).RequireAuthorization(Policies.Operator).Reads<SyncBody>().Produces<JobStarted>(StatusCodes.Status202Accepted)
            .WithSummary("Fetches providers from the NPPES registry as a job; {} means the eight default specialties in the United States.");
        sync.MapGet("/{id:guid}", GetAsync).Produces<SyncView>().WithSummary("What a sync came to, provider by provider counted once, and how complete it is.");
    }

    private static async Task<IResult> PostAsync(HttpContext context, JobIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            if (body!.RootElement.ValueKind != JsonValueKind.Object)
            {
                return Problems.BadRequest("The body must be a JSON object with any of specialties, states, cities and postalCodes; {} means the eight default specialties in the United States.");
            }

            // The members of the spec and those of the job stand side by side in this request.
            var spec = JsonSerializer.SerializeToElement(body.RootElement.EnumerateObject().Where(member => !OfTheJob.Contains(member.Name)).DistinctBy(member => member.Name).ToDictionary(member => member.Name, member => member.Value));
            var (request, problem) = JobRequests.ReadOptions(body.RootElement, ProviderSync.WorkloadName, spec, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
            if (problem is not null)
            {
                return Problems.BadRequest(problem);
            }

            var (id, refused) = await JobEndpoints.AcceptAsync(request!, context.User, intake, audit, cancellationToken);
            return refused is not null ? refused : JobEndpoints.Accepted(id);
        }
    }

    private static async Task<IResult> GetAsync(Guid id, SyncResults results, CancellationToken cancellationToken) => await results.FindAsync(id, cancellationToken) is { } result
        ? TypedResults.Ok(SyncView.Of(result))
        : Problems.NotFound($"There is no sync {id}. It may have been deleted, or the id belongs to another kind of job.");
}

/// <param name="Specialties">Taxonomy codes or descriptions, or objects with both; the eight default ones without any.</param>
/// <param name="States">Two letters each.</param>
/// <param name="PostalCodes">5 or 9 digits, or the first 2 to 4.</param>
public sealed record SyncBody(
    IReadOnlyList<string>? Specialties, IReadOnlyList<string>? States, IReadOnlyList<string>? Cities, IReadOnlyList<string>? PostalCodes, string? Mode, int? MaxConcurrency, string? IdempotencyKey);

/// <summary>A sync on the wire.</summary>
/// <param name="Found">Providers, each once: created, updated and unchanged together.</param>
/// <param name="Rejected">NPIs that were not stored, because their check digit is wrong.</param>
/// <param name="Complete">All that the registry has of what was asked for was read, but for <paramref name="Remark"/>.</param>
/// <param name="Remark">What may be missing all the same; null: nothing.</param>
public sealed record SyncView(
    Guid Id, string Status, long Found, long Created, long Updated, long Unchanged, long Rejected, bool Complete, string? Remark, IReadOnlyList<SyncSpecialtyView> Specialties, JobLinks Links)
{
    public static SyncView Of(SyncResult result) => new(
        result.Job.Id, result.Job.Status.Wire(), result.Found, result.Counts.Created, result.Counts.Updated, result.Counts.Unchanged, result.Rejected, result.Complete, result.Remark,
        [.. result.Specialties.Select(specialty => new SyncSpecialtyView(
            specialty.Number, specialty.Code.Length > 0 ? specialty.Code : null, specialty.Name, specialty.Found, specialty.Parts, specialty.Whole, specialty.TooLarge, specialty.SplitByName, specialty.Complete,
            [.. specialty.NotWhole.Select(part => new SyncPartView(part.Label, part.TooLarge ? "more rows than can be reached, and it cannot be split further" : "not read to its end"))]))],
        JobLinks.Of(result.Job.Id));
}

/// <param name="Parts">Queries, the narrower ones that they were split into among them.</param>
/// <param name="Code">Null: it was asked for by its description.</param>
/// <param name="SplitByName">Those that could only be split by the beginnings of names.</param>
/// <param name="NotWhole">The first of those that were not read to their end.</param>
public sealed record SyncSpecialtyView(
    int Number, string? Code, string Name, long Found, long Parts, long Whole, long TooLarge, long SplitByName, bool Complete, IReadOnlyList<SyncPartView> NotWhole);

public sealed record SyncPartView(string Part, string Reason);
