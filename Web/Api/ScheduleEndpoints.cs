using System.Text.Json;
using OrleansBulk.Distribution;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary><c>/api/distributions/schedules</c>: distributions that are made every day.</summary>
internal static class ScheduleEndpoints
{
    public static void MapSchedules(this IEndpointRouteBuilder routes)
    {
        var schedules = routes.MapGroup("/api/distributions/schedules").WithTags("Distributions").RequireAuthorization(Policies.Viewer);
        schedules.MapGet("/", ListAsync).Produces<IReadOnlyList<ScheduleRow>>().WithSummary("Daily distributions: when they run next, and what the last run came to.");
        schedules.MapPut("/{name}", PutAsync).RequireAuthorization(Policies.Operator).Reads<ScheduleBody>().Produces<ScheduleRow>().WithSummary("Adds a daily distribution, or changes the one of this name.");
        schedules.MapDelete("/{name}", DeleteAsync).RequireAuthorization(Policies.Operator).Produces(StatusCodes.Status204NoContent).WithSummary("Ends a daily distribution; what it has handed out stays.");
    }

    private static async Task<IResult> ListAsync(ScheduleStore schedules, CancellationToken cancellationToken) => TypedResults.Ok(await schedules.ListAsync(cancellationToken));

    private static async Task<IResult> PutAsync(string name, HttpContext context, ScheduleStore schedules, AuditLog audit, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await context.Request.ReadJsonAsync(cancellationToken);
        using (body)
        {
            if (unreadable is not null)
            {
                return unreadable;
            }

            ScheduleBody? read;
            try
            {
                read = body!.RootElement.Deserialize<ScheduleBody>(WireJson.Options);
            }
            catch (JsonException)
            {
                read = null;
            }

            if (read is null)
            {
                return Problems.BadRequest("Send {\"timeOfDay\": \"06:30\", \"timeZone\": \"Europe/Berlin\", \"count\": a number, \"recipients\": a list or \"recipientCount\": a number, \"allowPartial\": …, \"enabled\": …}.");
            }

            var (request, problem) = DistributionBody.Read(JsonSerializer.SerializeToElement(new DistributionBody(name, read.Count, read.Recipients, read.RecipientCount, read.AllowPartial), WireJson.Options));
            if (problem is not null)
            {
                return Problems.BadRequest(problem);
            }

            if (!DailyTime.TryParse(read.TimeOfDay, read.TimeZone ?? "UTC", out var daily))
            {
                return Problems.BadRequest("timeOfDay must be a time such as 06:30, and timeZone a name such as Europe/Berlin or UTC.");
            }

            var schedule = await schedules.PutAsync(request!, daily, read.Enabled ?? true, context.User.ActorName(), cancellationToken);
            await audit.WriteAsync(context.User.ActorName(), "schedule.put", name, new { schedule.TimeOfDay, schedule.TimeZone, schedule.Count, schedule.Enabled });
            return TypedResults.Ok(schedule);
        }
    }

    private static async Task<IResult> DeleteAsync(string name, HttpContext context, ScheduleStore schedules, AuditLog audit, CancellationToken cancellationToken)
    {
        if (QueryTexts.HaveNul(name) || !await schedules.DeleteAsync(name, cancellationToken))
        {
            return Problems.NotFound($"There is no schedule '{ProfileWords.Clean(name)}'.");
        }

        await audit.WriteAsync(context.User.ActorName(), "schedule.delete", name, null);
        return TypedResults.NoContent();
    }
}

/// <param name="TimeOfDay"><c>06:30</c></param>
/// <param name="TimeZone"><c>Europe/Berlin</c>; UTC when left out.</param>
/// <param name="Count">14,400 when left out.</param>
public sealed record ScheduleBody(string? TimeOfDay, string? TimeZone, int? Count, IReadOnlyList<string>? Recipients, int? RecipientCount, bool? AllowPartial, bool? Enabled);
