using System.Diagnostics;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Jobs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Foreground;

/// <summary>
/// Tells the <see cref="ForegroundGuard"/> whether people are there, and how long an answer takes to begin or to fail; logs slow ones with what ran beside them. Requests that
/// wait for somebody else by their nature (<see cref="NotForegroundAttribute"/>) say nothing about this service. A program that asks is measured like a person, but is nobody
/// who looks: one that asks every few seconds would hold all background work back for ever. The histogram of all requests per route is the platform's
/// (<c>http_server_request_duration_seconds</c>).
/// </summary>
internal sealed class UserRequests(RequestDelegate next, ForegroundGuard guard, ForegroundOptions options, JobMetrics jobs, ILogger<UserRequests> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (!IsSomebody(context))
        {
            await MeasureAsync(context);
            return;
        }

        guard.Came();
        try
        {
            await MeasureAsync(context);
        }
        finally
        {
            guard.Left(); // at the end of the answer: whoever has a stream of events open is there
        }
    }

    private async Task MeasureAsync(HttpContext context)
    {
        if (!IsToBeQuick(context))
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

    /// <summary>Somebody looks at something, sends something by a form, or signs in. Behind a page there is a person, whatever it waits for.</summary>
    private static bool IsSomebody(HttpContext context) =>
        context.GetEndpoint() is { } endpoint && !context.Request.Headers.ContainsKey(ApiKeyAuthentication.Header)
        && (context.Request.Cookies.ContainsKey(Sessions.Cookie) || context.Request.Path.StartsWithSegments("/account"))
        && (endpoint.Metadata.GetMetadata<NotForegroundAttribute>() is null || endpoint.Metadata.GetMetadata<PageActionDescriptor>() is not null);

    /// <summary>It looks at something or signs in, and what it takes is this service's own doing.</summary>
    private static bool IsToBeQuick(HttpContext context) =>
        context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<NotForegroundAttribute>() is null
        && (HttpMethods.IsGet(context.Request.Method) || context.Request.Path.StartsWithSegments("/account"));
}

/// <summary>Marks an endpoint or a page whose answer waits for an upstream by its nature, or an endpoint for which no person waits: how long it takes is not measured.</summary>
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
