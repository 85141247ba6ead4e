using System.Text;
using Microsoft.Net.Http.Headers;
using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/hooks</c>: write and judge hooks, look at models and runs, export. Design, section 8.</summary>
internal static class HookEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 200;

    public static void MapHooks(this IEndpointRouteBuilder routes)
    {
        var hooks = routes.MapGroup("/api/hooks").WithTags("Hooks").RequireAuthorization(Policies.Viewer);
        hooks.MapPost("/generate", GenerateAsync).RequireAuthorization(Policies.Operator).Reads<HookBody>().Produces<JobStarted>(StatusCodes.Status202Accepted)
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .WithSummary("Lets models write hooks and judges score them, as a job; with Accept: text/event-stream the answer is the stream of its events: news (a list of what happened), progress, done.");
        hooks.MapGet("/models", (ModelClients models) => TypedResults.Ok(models.Look().Select(HookModelView.Of))).Produces<IReadOnlyList<HookModelView>>()
            .WithSummary("The models that are configured, with prices, limits and health.");
        hooks.MapGet("/runs", ListAsync).Produces<PageOf<HookRunRow>>().WithSummary("Runs, newest first, a page at a time.");
        hooks.MapGet("/runs/{id:guid}", GetAsync).Produces<HookRunView>().WithSummary("One run: its hooks ranked, and what each model brought.");
        hooks.MapGet("/runs/{id:guid}/export.csv", ExportCsvAsync).Produces<string>(StatusCodes.Status200OK, "text/csv").WithSummary("The ranking as CSV.");
        hooks.MapGet("/runs/{id:guid}/export.json", ExportJsonAsync).Produces<HookRunView>().WithSummary("The whole run as a JSON file.");
    }

    private static async Task<IResult> GenerateAsync(HttpContext context, JobIntake intake, JobWatches watches, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        if (unreadable is not null)
        {
            return unreadable;
        }

        context.Response.RegisterForDispose(body!);
        var request = new JobRequest(HookGeneration.WorkloadName, body!.RootElement, null, null, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
        var (id, refused) = await JobEndpoints.AcceptAsync(request, context.User, intake, audit, cancellationToken);
        return refused is not null ? refused : WantsEvents(context.Request) ? new JobEventStream(watches, id, null) { OneEventALook = true } : JobEndpoints.Accepted(id);
    }

    private static bool WantsEvents(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals("text/event-stream", StringComparison.OrdinalIgnoreCase) && accepted.Quality is not 0);

    private static async Task<IResult> ListAsync(HookRunStore runs, Guid? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        var size = limit ?? DefaultPage;
        var page = await runs.ListAsync(after, size, cancellationToken);
        return TypedResults.Ok(new PageOf<HookRunRow>(page, page.Count == size ? page[^1].Id.ToString() : null));
    }

    private static async Task<IResult> GetAsync(Guid id, HookRunStore runs, CancellationToken cancellationToken) =>
        await runs.FindAsync(id, cancellationToken) is { } run ? TypedResults.Ok(HookRunView.Of(run)) : Unknown(id);

    private static async Task<IResult> ExportCsvAsync(Guid id, HookRunStore runs, CancellationToken cancellationToken) =>
        await runs.FindAsync(id, cancellationToken) is { } run ? Results.File(Encoding.UTF8.GetBytes(HookFiles.Csv(run)), "text/csv; charset=utf-8", $"hooks-{id}.csv") : Unknown(id);

    private static async Task<IResult> ExportJsonAsync(Guid id, HookRunStore runs, CancellationToken cancellationToken) =>
        await runs.FindAsync(id, cancellationToken) is { } run ? Results.File(HookFiles.Json(run), "application/json; charset=utf-8", $"hooks-{id}.json") : Unknown(id);

    private static ProblemAnswer Unknown(Guid id) => Problems.NotFound($"There is no run of hooks {id}. It may have been deleted, or the id belongs to a job of another kind.");
}

/// <param name="Judge">One judge; or <paramref name="Judges"/> for several. Left out: the one that is configured.</param>
/// <param name="Blind">Judges do not learn who wrote a hook, and as which one. True when left out.</param>
/// <param name="CacheSeconds">How old the answer to the same request may be; 0: it is always asked anew.</param>
/// <param name="Budget">Tokens, or money, that the run may spend at most.</param>
public sealed record HookBody(
    string Topic, string? Audience, string? Tone, IReadOnlyList<string>? Examples, IReadOnlyList<string> Models, int? HooksPerModel, string? Judge, IReadOnlyList<string>? Judges, bool? Blind,
    int? CacheSeconds, HookBudget? Budget);
