using System.Diagnostics;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Foreground;

/// <summary>
/// Measures how long people wait for the beginning of an answer or for its failure, tells the <see cref="ForegroundGuard"/>, and logs slow ones with what ran beside them. Requests that wait
/// for somebody else by their nature (<see cref="NotForegroundAttribute"/>) say nothing about this service. The histogram of all requests per route is the platform's
/// (<c>http_server_request_duration_seconds</c>).
/// </summary>
internal sealed class UserRequests(RequestDelegate next, ForegroundGuard guard, ForegroundOptions options, JobMetrics jobs, ILogger<UserRequests> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!IsPerson(context))
        {
            await next(context);
            return;
        }

        var started = Stopwatch.GetTimestamp();
        var waiting = guard.Asked();
        TimeSpan? took = null;
        context.Response.OnStarting(() =>
        {
            End(); // a download may go on for minutes
            return Task.CompletedTask;
        });
        try
        {
            await next(context);
        }
        finally
        {
            End(); // also one that ended in an exception, or whose asker gave up: those are the slow ones
        }

        void End()
        {
            if (took is not null)
            {
                return;
            }

            took = Stopwatch.GetElapsedTime(started);
            waiting.End(took.Value);
            if (took > options.LogSlow)
            {
                UserRequestsLog.Slow(log, context.Request.Method, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "?", (long)took.Value.TotalMilliseconds, jobs.Beside(), guard.Share);
            }
        }
    }

    /// <summary>Somebody looks at something or signs in.</summary>
    private static bool IsPerson(HttpContext context) =>
        context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<NotForegroundAttribute>() is null
        && (HttpMethods.IsGet(context.Request.Method) || context.Request.Path.StartsWithSegments("/account"));
}

/// <summary>Marks an endpoint or a page whose answer waits for an upstream by its nature, or for which no person waits.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NotForegroundAttribute : Attribute
{
    public static readonly NotForegroundAttribute Mark = new();
}

internal static partial class UserRequestsLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Route} took {Milliseconds} ms. Beside it ran: {Jobs}; background work is held to {Share:P0}.")]
    public static partial void Slow(ILogger log, string method, string route, long milliseconds, string jobs, double share);
}
