using System.Globalization;
using System.Text.Json;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/providers</c>: lists, one provider, and leads made of them. Design, section 8.</summary>
internal static class ProviderEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 1000;

    public static void MapProviders(this IEndpointRouteBuilder routes)
    {
        var providers = routes.MapGroup("/api/providers").WithTags("Providers").RequireAuthorization(Policies.Viewer);
        providers.MapGet("/", ListAsync).Produces<PageOf<ProviderRow>>()
            .WithSummary("Providers a page at a time, by state, city, primary taxonomy (code or name), part of the name (q) and status (active, deactivated).");
        providers.MapGet("/{npi}", GetAsync).Produces<ProviderView>().WithSummary("One provider with all that is stored of it.");
        providers.MapPost("/save-all", SaveAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody).Reads<SaveBody>().Produces<LeadsSaved>().Produces<JobStarted>(StatusCodes.Status202Accepted)
            .WithSummary("Makes leads of providers, by {npis} or by {filter}: each provider at most one lead. Many are saved by a job.");
    }

    private static async Task<IResult> ListAsync(
        ProviderStore providers, string? state, string? city, string? taxonomy, string? q, string? status, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        var (filter, problem) = ProviderQuery.Read(state, city, taxonomy, q, status);
        if (problem is not null)
        {
            return problem;
        }

        if (!ProviderQuery.Read(after, out var place))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        var page = await providers.ListAsync(filter!, place, limit ?? DefaultPage, cancellationToken);
        return TypedResults.Ok(new PageOf<ProviderRow>(page.Providers, ProviderQuery.Write(page.Next)));
    }

    private static async Task<IResult> GetAsync(string npi, ProviderStore providers, CancellationToken cancellationToken) =>
        !NpiNumber.TryParse(npi, out var number) ? Problems.BadRequest($"'{ProfileWords.Clean(npi)}' is no NPI: it must be ten digits with a right check digit.")
        : await providers.FindAsync(number, cancellationToken) is { } found ? TypedResults.Ok(ProviderView.Of(found))
        : Problems.NotFound($"No provider with the NPI {npi} is stored.");

    private static async Task<IResult> SaveAsync(HttpContext context, LeadIntake leads, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            var (npis, filter, owner, problem) = ReadSave(body!.RootElement);
            if (problem is not null)
            {
                return problem;
            }

            var who = context.User.ActorName();
            switch (npis is null ? await leads.SaveAsync(filter!, owner, who, cancellationToken) : await leads.SaveAsync(npis, owner, who, cancellationToken))
            {
                case LeadsSaved saved:
                    await audit.WriteAsync(who, "leads.save", null, new { saved.Created, saved.Skipped, filter });
                    return TypedResults.Ok(saved);
                case LeadsStarted started:
                    await audit.WriteAsync(who, "leads.save", started.JobId.ToString(), new { filter, npis = npis?.Count });
                    return JobEndpoints.Accepted(started.JobId);
                case var other:
                    throw new InvalidOperationException($"{other.GetType().Name} is no reply to a save.");
            }
        }
    }

    private static (List<long>? Npis, ProviderFilter? Filter, string? Owner, ProblemAnswer? Problem) ReadSave(JsonElement root)
    {
        const string Shape = "Send either {\"npis\": [\"1234567893\", …]} or {\"filter\": {state, city, taxonomy, q, status}}, with an owner if the leads are to have one. Nothing was saved.";
        if (root.ValueKind != JsonValueKind.Object)
        {
            return (null, null, null, Problems.BadRequest(Shape));
        }

        var (hasNpis, hasFilter) = (root.TryGetProperty("npis", out var list) && list.ValueKind == JsonValueKind.Array, root.TryGetProperty("filter", out var given) && given.ValueKind == JsonValueKind.Object);
        var owner = root.TryGetProperty("owner", out var named) && named.ValueKind == JsonValueKind.String ? named.GetString()!.Trim() : null;
        if (hasNpis == hasFilter || (named.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.String)))
        {
            return (null, null, null, Problems.BadRequest(Shape));
        }

        if (owner is not null && new LeadChange(null, owner, null).Problem() is { } wrong)
        {
            return (null, null, null, Problems.BadRequest(wrong));
        }

        owner = string.IsNullOrEmpty(owner) ? null : owner;
        if (hasFilter)
        {
            var (filter, problem) = ProviderQuery.Read(given);
            return (null, filter, owner, problem);
        }

        var npis = new List<long>(list.GetArrayLength());
        foreach (var entry in list.EnumerateArray())
        {
            if (!NpiNumber.TryParse(entry.ValueKind == JsonValueKind.String ? entry.GetString() : entry.GetRawText(), out var npi))
            {
                return (null, null, null, Problems.BadRequest($"npis[{npis.Count.ToString(CultureInfo.InvariantCulture)}] is no NPI: it must be ten digits with a right check digit. Nothing was saved.", ("index", npis.Count)));
            }

            npis.Add(npi);
        }

        return npis.Count == 0 ? (null, null, null, Problems.BadRequest(Shape)) : (npis, null, owner, null);
    }
}

/// <param name="Npis">Either these or <paramref name="Filter"/>.</param>
/// <param name="Filter">As of the list of providers; deactivated ones become no leads.</param>
/// <param name="Owner">Whose leads they become; nobody's when left out.</param>
public sealed record SaveBody(IReadOnlyList<string>? Npis, SaveFilter? Filter, string? Owner);

public sealed record SaveFilter(string? State, string? City, string? Taxonomy, string? Q, string? Status);

/// <summary>A provider on the wire.</summary>
/// <param name="Taxonomies">All codes, the primary one first.</param>
/// <param name="Answer">The registry's own answer about it; null when it came from a file.</param>
public sealed record ProviderView(
    string Npi, string? Entity, string? Name, string? OrganizationName, string? LastName, string? FirstName, string? MiddleName, string? Credential, string? Sex, string? Phone, string? Fax,
    ProviderAddress Practice, ProviderAddress Mailing, string? Taxonomy, IReadOnlyList<string> Taxonomies, DateOnly? EnumeratedOn, DateOnly? LastUpdatedOn, DateOnly? CertifiedOn,
    DateOnly? DeactivatedOn, DateOnly? ReactivatedOn, string Status, string Source, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, Guid? LeadId, JsonElement? Answer)
{
    public static ProviderView Of(ProviderDetails found) => new(
        found.Row.Npi, found.Row.Entity, found.Row.Name, found.OrganizationName, found.LastName, found.FirstName, found.MiddleName, found.Row.Credential, found.Sex, found.Row.Phone, found.Fax,
        found.Practice, found.Mailing, found.Row.Taxonomy, found.Taxonomies, found.EnumeratedOn, found.LastUpdatedOn, found.CertifiedOn, found.DeactivatedOn, found.ReactivatedOn,
        found.Row.Status, found.Source, found.CreatedAt, found.Row.UpdatedAt, found.Row.LeadId, found.Answer is null ? null : JsonSerializer.Deserialize<JsonElement>(found.Answer));
}
