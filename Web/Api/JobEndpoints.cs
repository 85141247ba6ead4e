using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using OrleansBulk.Hooks;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;
using OrleansBulk.Web.Security;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/jobs</c>: start, list, look, watch, command. Design, section 8.</summary>
internal static class JobEndpoints
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;
    private const string RetryFailedName = "retry-failed";

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/jobs").WithTags("Jobs").RequireAuthorization(Policies.Viewer);
        jobs.MapPost("/", PostAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody)
            .Reads<JobBody>().Produces<JobStarted>(StatusCodes.Status202Accepted).WithSummary("Starts a job. The same idempotency key again answers with the same job.");
        jobs.MapPost("/preview", PreviewAsync).RequireAuthorization(Policies.Operator).WithBodyLimit(RequestBodies.LargeBody)
            .Reads<JobBody>().Produces<JobForecast>().WithSummary("What a job would do: nothing is written and nobody is called.");
        jobs.MapGet("/", ListAsync).Produces<PageOf<JobView>>().WithSummary("Jobs, newest first, a page at a time.");
        jobs.MapGet("/{id:guid}", GetAsync).Produces<JobView>().WithSummary("One job with its newest progress.");
        jobs.MapGet("/events", PulseAsync).Produces<string>(StatusCodes.Status200OK, "text/event-stream").WithSummary("Server-sent events: changed, when a list of jobs would show something new.");
        jobs.MapGet("/{id:guid}/events", EventsAsync).Produces<string>(StatusCodes.Status200OK, "text/event-stream").WithSummary("Server-sent events: progress, failure (sampled), done.");
        jobs.MapGet("/{id:guid}/ledger", LedgerAsync).Produces<Ledger>().WithSummary("What became of every item, counted from rows.");
        jobs.MapGet("/{id:guid}/failures", FailureEndpoint.GetAsync).Produces<FailuresPage>(StatusCodes.Status200OK, "application/json", "text/csv", "application/x-ndjson")
            .WithSummary("Failures folded by cause and listed; as CSV or NDJSON by Accept or ?format=.");
        var commands = jobs.MapGroup("/{id:guid}").RequireAuthorization(Policies.Operator);
        Command(commands, "pause", (job, _) => job.PauseAsync());
        Command(commands, "resume", (job, _) => job.ResumeAsync());
        Command(commands, "cancel", (job, _) => job.CancelAsync());
        Command(commands, RetryFailedName, (job, cause) => job.RetryFailedAsync(new RetryFailed(cause))).Reads<RetryBody>(required: false);
    }

    private static async Task<IResult> PostAsync(HttpContext context, JobIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        var (request, problem) = await ReadAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var (id, refused) = await AcceptAsync(request!, context.User, intake, audit, cancellationToken);
        return refused is not null ? refused : Accepted(id);
    }

    internal static Accepted<JobStarted> Accepted(Guid id) => TypedResults.Accepted($"/api/jobs/{id}", new JobStarted(id, JobStatus.Queued.Wire(), JobLinks.Of(id)));

    internal static async Task<(Guid Id, ProblemAnswer? Problem)> AcceptAsync(JobRequest request, ClaimsPrincipal user, JobIntake intake, AuditLog audit, CancellationToken cancellationToken)
    {
        switch (await intake.AcceptAsync(request, user.ActorName(), cancellationToken))
        {
            case JobTaken taken:
                if (taken.IsNew)
                {
                    await audit.WriteAsync(user.ActorName(), "job.start", taken.Id.ToString(), new { request.Workload });
                }

                return (taken.Id, null);
            case IdempotencyKeyReused reused:
                return (default, Problems.Conflict($"The idempotency key '{request.IdempotencyKey}' belongs to job {reused.Id}, which was asked for with another workload, spec or mode. Use a new key for a new job.", ("jobId", reused.Id)));
            case JobRejected rejected:
                return (default, Problems.BadRequest(rejected.Problem));
            case var other:
                throw new InvalidOperationException($"{other.GetType().Name} is no reply to a request for a job.");
        }
    }

    private static ServerSentEventsResult<string> PulseAsync(HttpContext context, JobPulse pulse, OngoingAccess access, CancellationToken cancellationToken)
    {
        context.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy in front must not hold events back
        return TypedResults.ServerSentEvents(access.WhileItHoldsAsync(context, pulse.ReadAsync(cancellationToken), cancellationToken));
    }

    private static async Task<IResult> PreviewAsync(HttpContext context, JobIntake intake, CancellationToken cancellationToken)
    {
        var (request, problem) = await ReadAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        var (forecast, wrong) = await intake.PreviewAsync(request!, cancellationToken);
        return wrong is not null ? Problems.BadRequest(wrong) : TypedResults.Ok(forecast);
    }

    private static async Task<(JobRequest? Request, ProblemAnswer? Problem)> ReadAsync(HttpRequest http, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await http.ReadJsonAsync(cancellationToken);
        if (unreadable is not null)
        {
            return (null, unreadable);
        }

        http.HttpContext.Response.RegisterForDispose(body!); // the spec is read from it until the request ends
        var (request, problem) = JobRequests.Read(body!.RootElement, http.Headers["Idempotency-Key"].FirstOrDefault());
        return (request, problem is null ? null : Problems.BadRequest(problem));
    }

    private static async Task<IResult> ListAsync(JobStore jobs, TimeProvider time, string? workload, string? status, string? q, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (status is not null && JobStatusExtensions.Parse(status) is null)
        {
            return Problems.BadRequest($"status is '{status}'; it must be one of {string.Join(", ", Enum.GetValues<JobStatus>().Select(known => known.Wire()))}.");
        }

        if (after is not null && !Guid.TryParse(after, out _))
        {
            return Problems.BadRequest("after must be what the page before gave as next.");
        }

        if (limit is < 1 or > LargestPage)
        {
            return Problems.BadRequest($"limit is {limit}; it must be 1 to {LargestPage}.");
        }

        if (QueryTexts.HaveNul(workload, q))
        {
            return QueryTexts.Nul;
        }

        var page = await jobs.ListAsync(workload, JobStatusExtensions.Parse(status), q, after is null ? null : Guid.Parse(after), limit ?? DefaultPage, cancellationToken);
        return TypedResults.Ok(new PageOf<JobView>([.. page.Select(job => JobView.Of(job, null, time.GetUtcNow()))], page.Count == (limit ?? DefaultPage) ? page[^1].Id.ToString() : null));
    }

    private static async Task<IResult> GetAsync(Guid id, JobViews views, CancellationToken cancellationToken) =>
        await views.FindAsync(id, cancellationToken) is { } view ? TypedResults.Ok(view) : Unknown(id);

    private static async Task<IResult> EventsAsync(Guid id, JobViews views, JobWatches watches, CancellationToken cancellationToken) =>
        await views.FindAsync(id, cancellationToken) is not { } job ? Unknown(id) : new JobEventStream(watches, id, null) { OneEventALook = job.Workload == HookGeneration.WorkloadName };

    private static async Task<IResult> LedgerAsync(Guid id, JobStore jobs, CancellationToken cancellationToken) =>
        await jobs.ReadLedgerAsync(id, cancellationToken) is { } ledger ? TypedResults.Ok(ledger) : Unknown(id);

    private static RouteHandlerBuilder Command(RouteGroupBuilder group, string name, Func<IJobGrain, string?, Task<CommandReply>> send) =>
        group.MapPost($"/{name}", async (Guid id, HttpContext context, IGrainFactory grains, JobViews views, AuditLog audit, CancellationToken cancellationToken) =>
        {
            var (cause, unreadable) = name == RetryFailedName ? await ReadCauseAsync(context.Request, cancellationToken) : (null, null);
            if (unreadable is not null)
            {
                return unreadable;
            }

            if (await views.FindAsync(id, cancellationToken) is null)
            {
                return Unknown(id);
            }

            switch (await send(grains.Job(id), cause))
            {
                case CommandTaken taken:
                    await audit.WriteAsync(context.User.ActorName(), $"job.{name}", id.ToString(), cause is null ? null : new { cause, taken.Items });
                    return TypedResults.Accepted($"/api/jobs/{id}", await views.FindAsync(id, cancellationToken));
                case CommandForbidden forbidden:
                    return Problems.Conflict(forbidden.Reason, ("jobStatus", forbidden.Status.Wire()));
                default:
                    return Unknown(id);
            }
        }).Produces<JobView>(StatusCodes.Status202Accepted).WithSummary($"{char.ToUpperInvariant(name[0])}{name[1..].Replace('-', ' ')}; 409 when the job's state forbids it.");

    /// <summary>
    /// The body is optional: <c>{"cause": "…"}</c>. Anything else is refused, since a cause that is misspelt would mean all failed items.
    /// </summary>
    private static async Task<(string? Cause, IResult? Problem)> ReadCauseAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: false })
        {
            return (null, null);
        }

        var (body, unreadable) = await request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return (null, unreadable);
            }

            var root = body!.RootElement;
            if (root.ValueKind != JsonValueKind.Object || root.EnumerateObject().Any(member => member.Name != "cause" || member.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Null)))
            {
                return (null, Problems.BadRequest("The body must be {\"cause\": \"…\"} with one of the causes that the job's failures name, or empty for all of them. Nothing was retried."));
            }

            var cause = root.TryGetProperty("cause", out var named) ? named.GetString() : null;
            return QueryTexts.HaveNul(cause) ? (null, QueryTexts.Nul) : (cause, null);
        }
    }

    internal static ProblemAnswer Unknown(Guid id) => Problems.NotFound($"There is no job {id}. It may have been deleted, or the id belongs to another installation.");
}
