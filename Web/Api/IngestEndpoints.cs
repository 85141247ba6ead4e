using System.Globalization;
using System.Text.Json.Serialization;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/ingest</c> and <c>/api/usernames</c>. Design, section 8.</summary>
internal static class IngestEndpoints
{
    public const int MostListed = 1000;
    private const int DefaultPage = 50;
    private const int LargestPage = 1000;
    private const int LongestName = 200;

    public static void MapIngest(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/ingest", PostAsync).WithTags("Ingest").RequireAuthorization(Policies.Operator)
            .Reads<IngestBodyShape>(required: true, IngestBody.Types).Produces<IngestAnswer>().Produces<JobStarted>(StatusCodes.Status202Accepted)
            .WithSummary("Takes scraped profiles in: {profiles: […]}, NDJSON or CSV, gzipped or not. Answers when they are merged; with ?wait=0 when they are received. The same Idempotency-Key again answers with the same ingest.");
        routes.MapGet("/api/ingest/{id:guid}", GetAsync).WithTags("Ingest").RequireAuthorization(Policies.Viewer)
            .Produces<IngestAnswer>().WithSummary("What an ingest came to, as its own answer said it; 409 while it is not done.");
        routes.MapGet("/api/usernames", ListAsync).WithTags("Usernames").RequireAuthorization(Policies.Viewer)
            .Produces<PageOf<UsernameRow>>().WithSummary("Usernames a page at a time: by id, by time of ingest when filtered, by username when searched.");
    }

    private static async Task<IResult> PostAsync(
        HttpContext context, IngestIntake intake, IngestOptions options, IngestResults results, AuditLog audit, JobWatches watches, double? wait, string? name, CancellationToken cancellationToken)
    {
        if (wait is < 0 or > 3600 or double.NaN)
        {
            return Problems.BadRequest("wait must be a number of seconds from 0 to 3600; leave it out to wait for the end.");
        }

        if (name is { Length: > LongestName } || name?.Any(char.IsControl) is true)
        {
            return Problems.BadRequest($"name must have at most {LongestName} characters and no control characters.");
        }

        var key = context.Request.Headers["Idempotency-Key"].FirstOrDefault();
        if (JobIntake.CheckKey(key) is { } badKey)
        {
            return Problems.BadRequest(badKey);
        }

        Guid id;
        await using (var staged = intake.Receive(key))
        {
            var (format, problem) = await IngestBody.ReadAsync(context.Request, staged, options, cancellationToken);
            if (problem is not null)
            {
                return problem;
            }

            switch (await staged.AcceptAsync(format!, name, context.User.ActorName(), cancellationToken))
            {
                case IdempotencyKeyReused reused:
                    return Problems.Conflict($"The idempotency key '{key}' belongs to the ingest {reused.Id}, which had other rows. Use a new key for new rows; nothing of these was kept.", ("jobId", reused.Id));
                case JobTaken { IsNew: true }:
                    id = staged.JobId;
                    await audit.WriteAsync(context.User.ActorName(), "ingest.start", id.ToString(), new { rows = staged.Rows, rejected = staged.Rejected, name });
                    break;
                case JobTaken known:
                    id = known.Id;
                    break;
                case var other:
                    throw new InvalidOperationException($"{other.GetType().Name} is no reply to an ingest.");
            }
        }

        var patience = wait is { } seconds ? TimeSpan.FromSeconds(seconds) : options.AnswerWait;
        return patience > TimeSpan.Zero && await watches.WhenDoneAsync(id, patience, cancellationToken) is not null
            ? await AnswerAsync(id, results, cancellationToken)
            : JobEndpoints.Accepted(id);
    }

    private static Task<IResult> GetAsync(Guid id, IngestResults results, CancellationToken cancellationToken) => AnswerAsync(id, results, cancellationToken);

    private static async Task<IResult> AnswerAsync(Guid id, IngestResults results, CancellationToken cancellationToken) => await results.FindAsync(id, MostListed, cancellationToken) switch
    {
        null => Problems.NotFound($"There is no ingest {id}."),
        { Job.Status: JobStatus.Completed } done => TypedResults.Ok(new IngestAnswer(
            true, done.InsertedRaw, done.AddedToGlobal, done.SkippedExisting, done.Rejected.Select(row => new RejectedEntry((int)row.Ordinal, row.Message)).ToList(), done.RejectedCount, id)),
        { Job.Status: JobStatus.Cancelled } gone => Problems.Conflict($"The ingest {id} was cancelled when {gone.InsertedRaw:N0} of {gone.Job.Submitted:N0} rows were in; these stay. Send the body again for the rest.", ("jobId", id)),
        { Job.Status: JobStatus.Failed } failed => Problems.Conflict($"The ingest {id} stands still: {failed.Job.Error?.TrimEnd('.')}. Its rows are kept; resume the job when the reason is gone.", ("jobId", id)),
        { } going => Problems.Conflict($"The ingest {id} is {going.Job.Status.Wire()}; ask again when it is completed.", ("jobId", id), ("jobStatus", going.Job.Status.Wire())),
    };

    private static async Task<IResult> ListAsync(
        UsernameStore usernames, string? used, string? q, string? ingestedFrom, string? ingestedTo, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        if (used is not (null or "" or "true" or "false"))
        {
            return Problems.BadRequest("used must be true or false; leave it out for both.");
        }

        if (!Instants.Read(ingestedFrom, out var from) || !Instants.Read(ingestedTo, out var to))
        {
            return Problems.BadRequest("ingestedFrom and ingestedTo must be days or instants such as 2026-01-31 or 2026-01-31T12:00:00Z; the first is included, the second is not.");
        }

        if (QueryTexts.HaveNul(q, after))
        {
            return QueryTexts.Nul;
        }

        if (!UsernameCursor.Read(after, out var place))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        var size = limit ?? DefaultPage;
        var page = await usernames.ListAsync(new UsernameFilter(string.IsNullOrEmpty(used) ? null : used == "true", q, from, to), place, size, cancellationToken);
        return TypedResults.Ok(new PageOf<UsernameRow>(page, page.Count == size ? UsernameCursor.Write(page[^1]) : null));
    }
}

/// <param name="InsertedRaw">Valid rows: always <paramref name="AddedToGlobal"/> + <paramref name="SkippedExisting"/>.</param>
/// <param name="AddedToGlobal">Ids that were not known before.</param>
/// <param name="SkippedExisting">Rows whose id was known, or stood further up in the body.</param>
/// <param name="Rejected">The first thousand rows that were not taken, by their index in the body from 0.</param>
/// <param name="RejectedCount">All of them.</param>
public sealed record IngestAnswer(
    bool Success,
    [property: JsonPropertyName("inserted_raw")] long InsertedRaw,
    [property: JsonPropertyName("added_to_global")] long AddedToGlobal,
    [property: JsonPropertyName("skipped_existing")] long SkippedExisting,
    IReadOnlyList<RejectedEntry> Rejected,
    [property: JsonPropertyName("rejected_count")] long RejectedCount,
    Guid JobId);

/// <summary>The body of an ingest as JSON.</summary>
public sealed record IngestBodyShape(IReadOnlyList<IngestProfileShape> Profiles);

/// <param name="Id">A text or a number, 1 to 64 characters. Further members are kept as they are.</param>
public sealed record IngestProfileShape(string Id, string Username, [property: JsonPropertyName("full_name")] string? FullName);
