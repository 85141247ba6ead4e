using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Foreground;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/tabs</c>. Design, section 8.</summary>
internal static class TabEndpoints
{
    private const int MostSyncs = 100;
    private const int MostChanges = 1000;

    public static void MapTabs(this IEndpointRouteBuilder routes)
    {
        var tabs = routes.MapGroup("/api/tabs").WithTags("Tabs").RequireAuthorization(Policies.Viewer);
        tabs.MapGet("", ListAsync).WithMetadata(NotForegroundAttribute.Mark).Produces<IReadOnlyList<TabView>>().WithSummary("Every tab: last sync, rows, rows that wait and how long, what went wrong, up to where it is synced and when it is synced next.");
        tabs.MapGet("/{name}/syncs", SyncsAsync).Produces<IReadOnlyList<TabSyncView>>().WithSummary("The last syncs of a tab, newest first.");
        tabs.MapGet("/{name}/changes", ChangesAsync).Produces<PageOf<TabChange>>().WithSummary("What the last sync that changed anything in a tab did: added, changed, removed.");
        tabs.MapPost("/sync", SyncAsync).RequireAuthorization(Policies.Operator).Reads<TabSyncBody>(required: false).Produces<JobStarted>(StatusCodes.Status202Accepted)
            .WithSummary("Syncs tabs as a job; {\"incremental\": false} compares all rows, finds deleted ones and puts right what was changed in the sheet; closeGaps names tabs whose rows move up to where rows are gone.");
        tabs.MapPost("/{name}/pause", (string name, HttpContext context, TabCatalog catalog, TabStore store, AuditLog audit, CancellationToken cancellationToken) => PauseAsync(name, true, context, catalog, store, audit, cancellationToken))
            .RequireAuthorization(Policies.Operator).Produces(StatusCodes.Status204NoContent).WithSummary("Leaves a tab out of syncs until it is resumed.");
        tabs.MapPost("/{name}/resume", (string name, HttpContext context, TabCatalog catalog, TabStore store, AuditLog audit, CancellationToken cancellationToken) => PauseAsync(name, false, context, catalog, store, audit, cancellationToken))
            .RequireAuthorization(Policies.Operator).Produces(StatusCodes.Status204NoContent).WithSummary("Takes a tab into syncs again.");
    }

    private static async Task<IResult> ListAsync(TabViews tabs, CancellationToken cancellationToken) => TypedResults.Ok(await tabs.ListAsync(cancellationToken));

    private static async Task<IResult> SyncsAsync(string name, TabCatalog catalog, TabStore store, int? limit, CancellationToken cancellationToken) =>
        catalog.Find(name) is null ? Unknown(name, catalog)
        : limit is < 1 or > MostSyncs ? Problems.BadRequest($"limit is {limit}; it must be 1 to {MostSyncs}.")
        : TypedResults.Ok((await store.ReadHistoryAsync(name, limit ?? 20, cancellationToken)).Select(TabSyncView.Of).ToList());

    private static async Task<IResult> ChangesAsync(string name, TabCatalog catalog, TabStore store, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (catalog.Find(name) is null)
        {
            return Unknown(name, catalog);
        }

        if (limit is < 1 or > MostChanges)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {MostChanges}.");
        }

        if (QueryTexts.HaveNul(after))
        {
            return QueryTexts.Nul;
        }

        var size = limit ?? 100;
        var page = await store.FindLastChangedAsync(name, cancellationToken) is { } last ? await store.ReadChangesAsync(name, last.JobId, after, size, cancellationToken) : [];
        return TypedResults.Ok(new PageOf<TabChange>(page, page.Count == size ? page[^1].Key : null));
    }

    private static async Task<IResult> SyncAsync(HttpContext context, JobIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        using var empty = System.Text.Json.JsonDocument.Parse("{}");
        var hasBody = context.Request.ContentLength is > 0 || context.Request.Headers.TransferEncoding.Count > 0;
        var (body, unreadable) = hasBody ? await context.Request.ReadJsonAsync(cancellationToken) : (empty, null);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            var (request, problem) = JobRequests.ReadOptions(body!.RootElement, TabSync.WorkloadName, body.RootElement, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
            if (problem is not null)
            {
                return Problems.BadRequest(problem);
            }

            var (id, refused) = await JobEndpoints.AcceptAsync(request!, context.User, intake, audit, cancellationToken);
            return refused is not null ? refused : JobEndpoints.Accepted(id);
        }
    }

    private static async Task<IResult> PauseAsync(string name, bool paused, HttpContext context, TabCatalog catalog, TabStore store, AuditLog audit, CancellationToken cancellationToken)
    {
        if (catalog.Find(name) is null)
        {
            return Unknown(name, catalog);
        }

        await store.PauseAsync(name, paused, cancellationToken);
        await audit.WriteAsync(context.User.ActorName(), paused ? "tab.pause" : "tab.resume", name, null);
        return TypedResults.NoContent();
    }

    private static ProblemAnswer Unknown(string name, TabCatalog catalog) =>
        Problems.NotFound($"There is no tab '{ProfileWords.Clean(name)}'. Known are: {string.Join(", ", catalog.All.Select(tab => tab.Name))}.");
}

/// <summary>The body of a sync; all of it may be left out.</summary>
public sealed record TabSyncBody(IReadOnlyList<string>? Tabs, bool? Incremental, IReadOnlyList<string>? Full, IReadOnlyList<string>? CloseGaps);
