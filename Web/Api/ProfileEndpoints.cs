using System.Globalization;
using System.Text.Json;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Jobs;
using OrleansBulk.Upstreams;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Foreground;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/coding-profiles</c>: register, list, read, delete, refresh. Design, section 8.</summary>
internal static class ProfileEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;
    private const double DefaultMaxAge = 300;
    private const int MostDeleted = 10_000;

    public static void MapCodingProfiles(this IEndpointRouteBuilder routes)
    {
        var profiles = routes.MapGroup("/api/coding-profiles").WithTags("Coding profiles").RequireAuthorization(Policies.Viewer);
        profiles.MapPost("/", RegisterAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody)
            .Reads<IReadOnlyList<ProfileBody>>(required: true, "application/json", "application/x-ndjson", "text/csv").Produces<RegisterAnswer>().WithSummary("Registers profiles: a JSON array, NDJSON or CSV of {platform, handle, owner?}.");
        profiles.MapGet("/", ListAsync).Produces<PageOf<ProfileRow>>().WithSummary("Profiles by platform and handle, a page at a time.");
        profiles.MapPost("/delete", DeleteAsync).RequireAuthorization(Policies.Operator).Reads<DeleteBody>().Produces<DeleteAnswer>().WithSummary("Deletes profiles and their history: {profileIds: […]}.");
        profiles.MapGet("/{platform}/{handle}", ReadAsync).WithMetadata(NotForegroundAttribute.Mark).Produces<ProfileRow>().WithSummary("One profile, fetched anew when older than maxAgeSeconds (300; for viewers never less).");
        profiles.MapGet("/{platform}/{handle}/history", HistoryAsync).Produces<IReadOnlyList<ProfileChange>>().WithSummary("What changed when, newest first.");
        profiles.MapGet("/{platform}/{handle}/rating-history", RatingHistoryAsync).WithMetadata(NotForegroundAttribute.Mark).Produces<RatingHistory>().WithSummary("Rated contests from the platform itself, oldest first; asked for once in five minutes.");
        var admin = profiles.MapGroup("/admin").RequireAuthorization(Policies.Operator);
        admin.MapPost("/bulk-refresh", BulkRefreshAsync).WithBodyLimit(RequestBodies.LargeBody).Reads<RefreshBody>().Produces<JobStarted>(StatusCodes.Status202Accepted).Produces<JobView>()
            .WithSummary("Refreshes profiles as a job; ?wait=30 answers with the finished job if it ends within 30 s.");
        admin.MapPost("/streaming-refresh", StreamingRefreshAsync).WithBodyLimit(RequestBodies.LargeBody).Reads<RefreshBody>()
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream").WithSummary("Refreshes profiles and streams the job's events.");
    }

    private static async Task<IResult> RegisterAsync(HttpContext context, CodingPlatforms platforms, ProfileStore profiles, AuditLog audit, CancellationToken cancellationToken)
    {
        var upload = new ProfileUpload(platforms);
        if (await upload.ReadAsync(context.Request, cancellationToken) is { } problem)
        {
            return problem;
        }

        var registered = await profiles.RegisterAsync(upload.Profiles, cancellationToken);
        await audit.WriteAsync(context.User.ActorName(), "profiles.register", null, new { registered, rejected = upload.RejectedCount });
        return TypedResults.Ok(new RegisterAnswer(registered, upload.Profiles.Count - registered, upload.RejectedCount, upload.Rejected));
    }

    private static async Task<IResult> ListAsync(
        ProfileStore profiles, string? platform, string? q, string? owner, string? staleAfter, string? state, string? after, int? limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        if (!ReadStaleAfter(staleAfter, time, out var stale))
        {
            return Problems.BadRequest($"staleAfter is '{ProfileWords.Clean(staleAfter!)}'; it must be an instant such as 2026-01-31T12:00:00Z, or a number of seconds: profiles not fetched since then are listed.");
        }

        if (after is not null && !after.Contains('/'))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        if (QueryTexts.HaveNul(platform, q, owner, state, after))
        {
            return QueryTexts.Nul;
        }

        var filter = new ProfileFilter(platform?.ToLowerInvariant(), q, owner, stale, state);
        (string, string)? from = after?.Split('/', 2) is [var lastPlatform, var lastHandle] ? (lastPlatform, lastHandle) : null;
        var page = await profiles.ListAsync(filter, from, limit ?? DefaultPage, cancellationToken);
        return TypedResults.Ok(new PageOf<ProfileRow>(page, page.Count == (limit ?? DefaultPage) ? $"{page[^1].Platform}/{page[^1].Handle.ToLowerInvariant()}" : null));
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, ProfileStore profiles, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            if (body!.RootElement.ValueKind != JsonValueKind.Object || !body.RootElement.TryGetProperty("profileIds", out var sent) || sent.ValueKind != JsonValueKind.Array || sent.GetArrayLength() is 0 or > MostDeleted)
            {
                return Problems.BadRequest($"Send {{\"profileIds\": […]}} with 1 to {MostDeleted:N0} ids.");
            }

            var ids = new List<Guid>(sent.GetArrayLength());
            foreach (var element in sent.EnumerateArray())
            {
                if (element.ValueKind != JsonValueKind.String || !element.TryGetGuid(out var id))
                {
                    return Problems.BadRequest($"profileIds[{ids.Count}] is no UUID. Nothing was deleted.", ("index", ids.Count));
                }

                ids.Add(id);
            }

            var deleted = await profiles.DeleteAsync([.. ids.Distinct()], cancellationToken);
            await audit.WriteAsync(context.User.ActorName(), "profiles.delete", null, new { deleted });
            return TypedResults.Ok(new DeleteAnswer(deleted, ids.Distinct().Count() - deleted));
        }
    }

    private static async Task<IResult> ReadAsync(
        string platform, string handle, double? maxAgeSeconds, HttpContext context, CodingPlatforms platforms, ProfileReader reader, CancellationToken cancellationToken)
    {
        if (maxAgeSeconds is < 0 or > 31_536_000 or double.NaN)
        {
            return Problems.BadRequest("maxAgeSeconds must be a number from 0 to 31536000; 0 asks the platform now.");
        }

        if (platforms.WhyInvalid(platform, handle) is { } why)
        {
            return Problems.BadRequest(why);
        }

        // A viewer sees everything and spends nothing: what is fetched once in five minutes for all who look costs no more however often they ask.
        var age = Roles.AtLeast(Roles.Operator).Any(context.User.IsInRole) ? maxAgeSeconds ?? DefaultMaxAge : Math.Max(maxAgeSeconds ?? DefaultMaxAge, DefaultMaxAge);
        switch (await reader.ReadAsync(platform.ToLowerInvariant(), handle, TimeSpan.FromSeconds(age), cancellationToken))
        {
            case ProfileRead read:
                return TypedResults.Ok(read.Profile);
            case ProfileUnavailable later:
                return Problems.Unavailable($"{platform} could not be asked now: {later.Reason}. The profile as it was known before is in 'known'; or ask again later, or with a larger maxAgeSeconds.", later.AskAgainAfter, ("known", later.Known));
            default:
                return Unregistered(platform, handle);
        }
    }

    private static async Task<IResult> HistoryAsync(string platform, string handle, int? limit, ProfileStore profiles, CancellationToken cancellationToken) =>
        limit is < 1 or > LargestPage ? Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.")
        : await profiles.FindAsync(platform.ToLowerInvariant(), handle, cancellationToken) is { } profile
            ? TypedResults.Ok(await profiles.ReadHistoryAsync(profile.Id, limit ?? LargestPage, cancellationToken))
            : Unregistered(platform, handle);

    private static async Task<IResult> RatingHistoryAsync(string platform, string handle, CodingPlatforms platforms, RatingHistories histories, CancellationToken cancellationToken)
    {
        if (platforms.WhyInvalid(platform, handle) is { } why)
        {
            return Problems.BadRequest(why);
        }

        return await histories.ReadAsync(platforms.Find(platform)!, handle, cancellationToken) switch
        {
            CallAnswered<RatingHistory> answered => TypedResults.Ok(answered.Value),
            CallMissing missing => Problems.NotFound($"There is no rating history of {platform}/{handle}: {missing.Message.TrimEnd('.')}."),
            CallDeferred deferred => Problems.Unavailable($"{platform} could not be asked now: {deferred.Reason}.", deferred.After),
            CallRefused refused => Problems.Unavailable(refused.Reason, TimeSpan.FromMinutes(5)),
            var other => Problems.Unavailable($"{platform} gave no usable answer ({other.GetType().Name}).", TimeSpan.FromSeconds(30)),
        };
    }

    private static async Task<IResult> BulkRefreshAsync(HttpContext context, JobIntake intake, AuditLog audit, JobWatches watches, double? wait, CancellationToken cancellationToken)
    {
        if (wait is < 0 or > 120 or double.NaN)
        {
            return Problems.BadRequest("wait must be a number of seconds from 0 to 120.");
        }

        var (id, problem) = await StartAsync(context, intake, audit, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        return wait is > 0 && await watches.WhenDoneAsync(id, TimeSpan.FromSeconds(wait.Value), cancellationToken) is { } done ? TypedResults.Ok(done) : JobEndpoints.Accepted(id);
    }

    private static async Task<IResult> StreamingRefreshAsync(HttpContext context, JobIntake intake, AuditLog audit, JobWatches watches, CancellationToken cancellationToken)
    {
        var (id, problem) = await StartAsync(context, intake, audit, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        context.Response.Headers.Location = $"/api/jobs/{id}";
        return new JobEventStream(watches, id, TimeSpan.FromMilliseconds(90)); // the pump tells ten times a second; so does this stream
    }

    private static async Task<(Guid Id, ProblemAnswer? Problem)> StartAsync(HttpContext context, JobIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return (default, unreadable);
            }

            if (body!.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (default, Problems.BadRequest("The body must be a JSON object with profileIds (a list of ids) or filter ({} for all profiles)."));
            }

            // The members of the spec and those of the job stand side by side in this request.
            var (request, problem) = JobRequests.ReadOptions(body.RootElement, "profile-refresh", body.RootElement, context.Request.Headers["Idempotency-Key"].FirstOrDefault());
            return problem is not null ? (default, Problems.BadRequest(problem)) : await JobEndpoints.AcceptAsync(request!, context.User, intake, audit, cancellationToken);
        }
    }

    private static bool ReadStaleAfter(string? text, TimeProvider time, out DateTimeOffset? instant)
    {
        instant = null;
        if (string.IsNullOrEmpty(text))
        {
            return true;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 1e9)
        {
            instant = time.GetUtcNow() - TimeSpan.FromSeconds(seconds);
            return true;
        }

        var good = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed);
        instant = good ? parsed : null;
        return good;
    }

    private static ProblemAnswer Unregistered(string platform, string handle) =>
        Problems.NotFound($"The profile {ProfileWords.Clean(platform)}/{ProfileWords.Clean(handle)} is not registered. Register it by POST /api/coding-profiles.");
}

/// <param name="Registered">New profiles.</param>
/// <param name="AlreadyKnown">Known before, or named twice in the body.</param>
/// <param name="RejectedCount">Entries that were not taken; <paramref name="Rejected"/> lists the first thousand.</param>
public sealed record RegisterAnswer(int Registered, int AlreadyKnown, int RejectedCount, IReadOnlyList<RejectedEntry> Rejected);

public sealed record DeleteAnswer(int Deleted, int Unknown);
