using System.Globalization;
using System.Text.Json;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/distributions</c>: hand out, look, follow up, export, clean up. Design, section 8.</summary>
internal static class DistributionEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 1000;
    private const int OldestDays = 36_500;

    public static void MapDistributions(this IEndpointRouteBuilder routes)
    {
        var distributions = routes.MapGroup("/api/distributions").WithTags("Distributions").RequireAuthorization(Policies.Viewer);
        distributions.MapPost("/", PostAsync).RequireAuthorization(Policies.Operator).Reads<DistributionBody>().Produces<DistributionAnswer>()
            .WithSummary("Hands out the oldest unused usernames, evenly and each once. The same name again answers with the same distribution.");
        distributions.MapGet("/", ListAsync).Produces<PageOf<DistributionAnswer>>().WithSummary("Distributions made between two days, newest first, a page at a time.");
        distributions.MapGet("/{id:guid}", GetAsync).Produces<DistributionView>().WithSummary("One distribution with its recipients and what became of their usernames.");
        distributions.MapGet("/{id:guid}/export.csv", ExportAsync).Produces<string>(StatusCodes.Status200OK, "text/csv").WithSummary("The usernames of one recipient, or of all, as CSV.");
        distributions.MapGet("/{id:guid}/export.zip", ExportAllAsync).Produces<byte[]>(StatusCodes.Status200OK, "application/zip").WithSummary("A CSV per recipient, in a zip file.");
        distributions.MapPost("/{id:guid}/status", StatusAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody).Reads<StatusBody>(required: true, "application/json", "text/csv")
            .Produces<StatusAnswer>().WithSummary("Sets the status of many assignments: {status, ids}, or CSV with the columns id and status.");
        distributions.MapGet("/assignments", AssignmentsAsync).Produces<PageOf<AssignmentRow>>().WithSummary("Assignments made between two days, oldest first, a page at a time.");
        distributions.MapPost("/cleanup", CleanUpAsync).RequireAuthorization(Policies.Operator).Reads<CleanupBody>().Produces<CleanupResult>()
            .WithSummary("Removes assignments that have had a status for so many days; with release their usernames are unused again.");
    }

    private static async Task<IResult> PostAsync(HttpContext context, DistributionStore distributions, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            var (request, problem) = DistributionBody.Read(body!.RootElement);
            if (problem is not null)
            {
                return Problems.BadRequest(problem);
            }

            switch (await distributions.MakeAsync(request!, context.User.ActorName(), cancellationToken))
            {
                case DistributionMade made:
                    if (made.IsNew)
                    {
                        await audit.WriteAsync(context.User.ActorName(), "distribution.make", made.Distribution.Id.ToString(), new { request!.Name, made.Distribution.Selected });
                    }

                    return TypedResults.Ok(DistributionAnswer.Of(made.Distribution));
                case TooFewUnused few:
                    return Problems.Conflict($"{few.Available:N0} usernames are unused, {request!.Count:N0} are wanted. Ask for fewer, or send \"allowPartial\": true to take what is there.", ("available", few.Available));
                case var other:
                    throw new InvalidOperationException($"{other.GetType().Name} is no reply to a distribution.");
            }
        }
    }

    private static async Task<IResult> ListAsync(DistributionStore distributions, string? from, string? to, Guid? after, int? limit, CancellationToken cancellationToken)
    {
        if (WhyBadPage(from, to, limit, out var since, out var until) is { } problem)
        {
            return problem;
        }

        var size = limit ?? DefaultPage;
        var page = await distributions.ListAsync(since, until, after, size, cancellationToken);
        return TypedResults.Ok(new PageOf<DistributionAnswer>([.. page.Select(DistributionAnswer.Of)], page.Count == size ? page[^1].Id.ToString() : null));
    }

    private static async Task<IResult> GetAsync(Guid id, DistributionStore distributions, CancellationToken cancellationToken) =>
        await distributions.FindAsync(id, cancellationToken) is { } row
            ? TypedResults.Ok(new DistributionView(row.Id, row.Name, row.Requested, row.Selected, row.PerRecipient, row.Remainder, row.CreatedBy, row.CreatedAt, await distributions.ReadRecipientsAsync(id, cancellationToken)))
            : Unknown(id);

    private static async Task<IResult> ExportAsync(Guid id, HttpContext context, string? recipient, DistributionStore distributions, AssignmentStore assignments, CancellationToken cancellationToken)
    {
        if (await distributions.FindAsync(id, cancellationToken) is not { } row)
        {
            return Unknown(id);
        }

        var place = recipient is null ? -1 : row.Recipients.ToList().IndexOf(recipient);
        if (recipient is not null && place < 0)
        {
            return Problems.NotFound($"'{ProfileWords.Clean(recipient)}' is no recipient of this distribution.");
        }

        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{AssignmentFiles.Name(row, place)}\"";
        return Results.Stream(body => AssignmentFiles.WriteAsync(body, assignments.ExportAsync(id, place < 0 ? null : place + 1, cancellationToken), cancellationToken), "text/csv; charset=utf-8");
    }

    private static async Task<IResult> ExportAllAsync(Guid id, DistributionStore distributions, AssignmentStore assignments, CancellationToken cancellationToken)
    {
        if (await distributions.FindAsync(id, cancellationToken) is not { } row)
        {
            return Unknown(id);
        }

        // On disk first: a zip file is written with seeks and at once, which a response is not, and its memory must not grow with the distribution.
        var file = new FileStream(
            Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 64 * 1024, FileOptions.Asynchronous | FileOptions.DeleteOnClose);
        try
        {
            await AssignmentFiles.WriteZipAsync(file, row, assignments, cancellationToken);
            file.Position = 0;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }

        return Results.Stream(file, "application/zip", $"distribution-{id}.zip");
    }

    private static async Task<IResult> StatusAsync(Guid id, HttpContext context, DistributionStore distributions, AssignmentStore assignments, AuditLog audit, CancellationToken cancellationToken)
    {
        var (statuses, problem) = await StatusUpload.ReadAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        if (await distributions.FindAsync(id, cancellationToken) is null)
        {
            return Unknown(id);
        }

        var updated = await assignments.SetStatusAsync(id, statuses!, cancellationToken);
        await audit.WriteAsync(context.User.ActorName(), "distribution.status", id.ToString(), new { updated });
        return TypedResults.Ok(new StatusAnswer(updated, statuses!.Select(status => status.Id).Distinct(StringComparer.Ordinal).Count() - updated));
    }

    private static async Task<IResult> AssignmentsAsync(AssignmentStore assignments, string? from, string? to, string? status, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (WhyBadPage(from, to, limit, out var since, out var until) is { } problem)
        {
            return problem;
        }

        if (status is not null && !AssignmentStatus.All.Contains(status))
        {
            return BadStatus();
        }

        (DateTimeOffset, string)? place = null;
        if (after is not null)
        {
            if (after.Split('.', 2) is not [var at, var last] || QueryTexts.HaveNul(last)
                || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) || microseconds > 100_000_000_000_000_000)
            {
                return Problems.BadRequest("after must be what the page before gave as next.");
            }

            place = (DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond), last);
        }

        var size = limit ?? DefaultPage;
        var page = await assignments.ListAsync(since, until, status, place, size, cancellationToken);
        return TypedResults.Ok(new PageOf<AssignmentRow>(page, page.Count == size
            ? string.Create(CultureInfo.InvariantCulture, $"{(page[^1].AssignedAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}.{page[^1].Id}") : null));
    }

    private static async Task<IResult> CleanUpAsync(HttpContext context, AssignmentStore assignments, AuditLog audit, TimeProvider time, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            var root = body!.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("olderThanDays", out var age) || age.ValueKind != JsonValueKind.Number || !age.TryGetInt32(out var days) || days is < 0 or > OldestDays
                || !root.TryGetProperty("status", out var named) || named.ValueKind != JsonValueKind.String || !AssignmentStatus.All.Contains(named.GetString()!)
                || (root.TryGetProperty("release", out var flag) && flag.ValueKind is not (JsonValueKind.True or JsonValueKind.False)))
            {
                return Problems.BadRequest($"Send {{\"olderThanDays\": 0 to {OldestDays}, \"status\": one of {string.Join(", ", AssignmentStatus.All)}, \"release\": true or false}}. Nothing was removed.");
            }

            var (status, release) = (named.GetString()!, flag.ValueKind == JsonValueKind.True);
            var result = await assignments.CleanUpAsync(status, time.GetUtcNow().AddDays(-days), release, cancellationToken);
            await audit.WriteAsync(context.User.ActorName(), "distribution.cleanup", null, new { status, days, release, result.Removed, result.Released });
            return TypedResults.Ok(result);
        }
    }

    internal static ProblemAnswer BadStatus() => Problems.BadRequest($"status must be one of {string.Join(", ", AssignmentStatus.All)}.");

    private static ProblemAnswer? WhyBadPage(string? from, string? to, int? limit, out DateTimeOffset? since, out DateTimeOffset? until)
    {
        until = null;
        return limit is < 1 or > LargestPage ? WithNone(out since, $"limit is {limit}; it must be 1 to {LargestPage}.")
            : !Instants.Read(from, out since) || !Instants.Read(to, out until) ? Problems.BadRequest("from and to must be days or instants such as 2026-01-31 or 2026-01-31T12:00:00Z; the first is included, the second is not.")
            : null;

        static ProblemAnswer WithNone(out DateTimeOffset? since, string sentence)
        {
            since = null;
            return Problems.BadRequest(sentence);
        }
    }

    private static ProblemAnswer Unknown(Guid id) => Problems.NotFound($"There is no distribution {id}.");
}

/// <param name="PerRecipient">What each recipient got; the first <paramref name="Remainder"/> of them got one more.</param>
public sealed record DistributionAnswer(Guid Id, int Selected, int PerRecipient, int Remainder, string Name, int Requested, int Recipients, string CreatedBy, DateTimeOffset CreatedAt)
{
    internal static DistributionAnswer Of(DistributionRow row) => new(row.Id, row.Selected, row.PerRecipient, row.Remainder, row.Name, row.Requested, row.Recipients.Count, row.CreatedBy, row.CreatedAt);
}

public sealed record DistributionView(
    Guid Id, string Name, int Requested, int Selected, int PerRecipient, int Remainder, string CreatedBy, DateTimeOffset CreatedAt, IReadOnlyList<RecipientRow> Recipients);

/// <param name="Ids">Ids of usernames, as they were ingested.</param>
public sealed record StatusBody(string Status, IReadOnlyList<string> Ids);

/// <param name="Unknown">Ids that this distribution did not hand out.</param>
public sealed record StatusAnswer(int Updated, int Unknown);

/// <param name="Release">Whether the usernames can be handed out again.</param>
public sealed record CleanupBody(int OlderThanDays, string Status, bool? Release);
