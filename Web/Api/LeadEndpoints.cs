using System.Globalization;
using System.Text.Json;
using OrleansBulk.Leads;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/leads</c>: lists, changes with history, in bulk too, export. Design, section 8.</summary>
internal static class LeadEndpoints
{
    public const int MostInBulk = 100_000;
    private const int DefaultPage = 50;
    private const int LargestPage = 1000;
    private const int ShownHistory = 200;

    public static void MapLeads(this IEndpointRouteBuilder routes)
    {
        var leads = routes.MapGroup("/api/leads").WithTags("Leads").RequireAuthorization(Policies.Viewer);
        leads.MapGet("/", ListAsync).Produces<PageOf<LeadRow>>().WithSummary("Leads a page at a time, those that changed last first: by status, owner, and their provider's state, city, taxonomy and name (q).");
        leads.MapGet("/{id:guid}", GetAsync).Produces<LeadView>().WithSummary("One lead with its history.");
        leads.MapPatch("/{id:guid}", PatchAsync).RequireAuthorization(Policies.Operator).Reads<LeadBody>().Produces<LeadView>().WithSummary("Changes status or owner of a lead, or adds a note; each stands in its history.");
        leads.MapPost("/status", BulkAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody).Reads<LeadsBody>().Produces<BulkAnswer>()
            .WithSummary("Sets the status, or the owner, of many leads: {ids, status, owner?, note?}.");
        leads.MapGet("/export.csv", ExportAsync).Produces<string>(StatusCodes.Status200OK, "text/csv").WithSummary("The leads of a list as CSV.");
    }

    private static async Task<IResult> ListAsync(
        LeadStore leads, string? status, string? owner, string? state, string? city, string? taxonomy, string? q, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        var (filter, problem) = Read(status, owner, state, city, taxonomy, q);
        if (problem is not null)
        {
            return problem;
        }

        if (!ReadPlace(after, out var place))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        var size = limit ?? DefaultPage;
        var page = await leads.ListAsync(filter!, place, size, cancellationToken);
        return TypedResults.Ok(new PageOf<LeadRow>(page, page.Count == size ? WritePlace(page[^1]) : null));
    }

    private static async Task<IResult> GetAsync(Guid id, LeadStore leads, CancellationToken cancellationToken) => await ShowAsync(id, leads, cancellationToken);

    private static async Task<IResult> PatchAsync(Guid id, HttpContext context, LeadStore leads, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            var (change, problem) = ReadChange<LeadBody>(body!.RootElement, read => new LeadChange(read.Status, read.Owner, read.Note));
            if (problem is not null)
            {
                return problem;
            }

            if ((await leads.ChangeAsync([id], change!, context.User.ActorName(), cancellationToken)).Known == 0)
            {
                return Unknown(id);
            }

            await audit.WriteAsync(context.User.ActorName(), "lead.change", id.ToString(), new { change!.Status, change.Owner });
            return await ShowAsync(id, leads, cancellationToken);
        }
    }

    private static async Task<IResult> BulkAsync(HttpContext context, LeadStore leads, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            IReadOnlyList<Guid>? ids = null;
            var (change, problem) = ReadChange<LeadsBody>(body!.RootElement, read =>
            {
                ids = read.Ids;
                return new LeadChange(read.Status, read.Owner, read.Note);
            });
            if (problem is not null)
            {
                return problem;
            }

            if (ids is not { Count: > 0 and <= MostInBulk })
            {
                return Problems.BadRequest($"ids must name 1 to {MostInBulk:N0} leads. Nothing was changed.");
            }

            var changed = await leads.ChangeAsync(ids, change!, context.User.ActorName(), cancellationToken);
            await audit.WriteAsync(context.User.ActorName(), "leads.change", null, new { change!.Status, change.Owner, changed.Changed });
            return TypedResults.Ok(new BulkAnswer(changed.Changed, changed.Known - changed.Changed, ids.Distinct().Count() - changed.Known));
        }
    }

    private static async Task<IResult> ExportAsync(
        HttpContext context, LeadStore leads, string? status, string? owner, string? state, string? city, string? taxonomy, string? q, CancellationToken cancellationToken)
    {
        var (filter, problem) = Read(status, owner, state, city, taxonomy, q);
        if (problem is not null)
        {
            return problem;
        }

        context.Response.Headers.ContentDisposition = "attachment; filename=\"leads.csv\"";
        await Task.CompletedTask;
        return Results.Stream(body => LeadFile.WriteAsync(body, leads.ExportAsync(filter!, cancellationToken), cancellationToken), "text/csv; charset=utf-8");
    }

    private static async Task<IResult> ShowAsync(Guid id, LeadStore leads, CancellationToken cancellationToken) =>
        await leads.FindAsync(id, cancellationToken) is { } lead ? TypedResults.Ok(new LeadView(lead, await leads.ReadHistoryAsync(id, ShownHistory, cancellationToken))) : Unknown(id);

    internal static (LeadFilter? Filter, ProblemAnswer? Problem) Read(string? status, string? owner, string? state, string? city, string? taxonomy, string? search)
    {
        var (provider, problem) = ProviderQuery.Read(state, city, taxonomy, search, null);
        if (problem is not null || QueryTexts.HaveNul(status, owner))
        {
            return (null, problem ?? QueryTexts.Nul);
        }

        var filter = new LeadFilter(string.IsNullOrEmpty(status) ? null : status, string.IsNullOrEmpty(owner) ? null : owner, provider!);
        return filter.Problem() is { } wrong ? (null, Problems.BadRequest(wrong)) : (filter, null);
    }

    internal static string WritePlace(LeadRow last) => string.Create(CultureInfo.InvariantCulture, $"{(last.UpdatedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}.{last.Id}");

    /// <summary>False when it is no cursor.</summary>
    internal static bool ReadPlace(string? text, out LeadPlace? place)
    {
        place = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        if (text.Split('.', 2) is not [var at, var id] || !Guid.TryParse(id, out var last)
            || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) || microseconds > 100_000_000_000_000_000)
        {
            return false;
        }

        place = new LeadPlace(DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), last);
        return true;
    }

    private static (LeadChange? Change, ProblemAnswer? Problem) ReadChange<TBody>(JsonElement root, Func<TBody, LeadChange> change)
        where TBody : class
    {
        TBody? read;
        try
        {
            read = root.Deserialize<TBody>(WireJson.Options);
        }
        catch (JsonException)
        {
            read = null;
        }

        if (read is null)
        {
            return (null, Problems.BadRequest($"Send a JSON object with status (one of {string.Join(", ", LeadStatus.All)}), owner and note as texts, each if it is to change; for many leads with ids too. Nothing was changed."));
        }

        var wanted = change(read);
        return wanted.Problem() is { } problem ? (null, Problems.BadRequest($"{problem} Nothing was changed."))
            : QueryTexts.HaveNul(wanted.Note, wanted.Owner) ? (null, QueryTexts.Nul)
            : (wanted, null);
    }

    private static ProblemAnswer Unknown(Guid id) => Problems.NotFound($"There is no lead {id}.");
}

/// <param name="Status">new, contacted, qualified, won or lost; left out: stays.</param>
/// <param name="Owner">Empty: nobody's any more; left out: stays.</param>
/// <param name="Note">Goes into the history.</param>
public sealed record LeadBody(string? Status, string? Owner, string? Note);

public sealed record LeadsBody(IReadOnlyList<Guid>? Ids, string? Status, string? Owner, string? Note);

/// <param name="Unchanged">They were so already.</param>
/// <param name="Unknown">There are no such leads.</param>
public sealed record BulkAnswer(long Updated, long Unchanged, long Unknown);

/// <param name="History">Newest first.</param>
public sealed record LeadView(LeadRow Lead, IReadOnlyList<LeadEvent> History);
