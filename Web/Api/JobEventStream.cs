using Microsoft.AspNetCore.Http.Features;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Answers with the events of one job until it is done. A client that comes back (Last-Event-ID) needs no replay: the first event is the newest snapshot, and the last
/// one always comes.
/// </summary>
/// <param name="pace">Time between two snapshots; null: what the number of lookers allows.</param>
internal sealed class JobEventStream(JobWatches watches, Guid jobId, TimeSpan? pace) : IResult
{
    /// <summary>Ten events a second at most: news take the place of the snapshot, and of the sampled failures, of the same moment.</summary>
    public bool OneEventALook { get; init; }

    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var time = httpContext.RequestServices.GetRequiredService<TimeProvider>();
        var stopping = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // a proxy in front must not hold events back
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await response.Body.WriteAsync(JobFrames.Retry, gone.Token);
            using var watch = watches.Join(jobId);
            await StreamAsync(watch, httpContext, time, gone.Token);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // the client has gone, or this process stops: the client comes back by itself
        }
    }

    private async Task StreamAsync(JobWatch watch, HttpContext context, TimeProvider time, CancellationToken gone)
    {
        var (response, access) = (context.Response, context.RequestServices.GetRequiredService<OngoingAccess>());
        var lookedAt = time.GetTimestamp();
        var seen = 0L;
        var wroteAt = time.GetTimestamp();
        while (true)
        {
            if (time.GetElapsedTime(lookedAt) >= OngoingAccess.LookEvery)
            {
                if (!await access.HoldsAsync(context, gone))
                {
                    return; // who comes back is told why
                }

                lookedAt = time.GetTimestamp();
            }

            var (frames, ended, changed) = watch.Look(ref seen);
            foreach (var frame in OneEventALook ? OneOf(frames, ended) : frames)
            {
                await response.Body.WriteAsync(frame, gone);
            }

            if (frames.Count > 0)
            {
                await response.Body.FlushAsync(gone);
                wroteAt = time.GetTimestamp();
            }

            if (ended)
            {
                return;
            }

            if (!await ChangedAsync(changed, HeartbeatEvery - time.GetElapsedTime(wroteAt), time, gone))
            {
                await response.Body.WriteAsync(JobFrames.Heartbeat, gone);
                await response.Body.FlushAsync(gone);
                wroteAt = time.GetTimestamp();
            }
            else
            {
                await Task.Delay(pace ?? watch.Pace, time, gone);
            }
        }
    }

    /// <summary>The news, or else the newest; at the end the last news and the end.</summary>
    private static IEnumerable<byte[]> OneOf(IReadOnlyList<byte[]> frames, bool ended) => frames.Count < 2 ? frames
        : ended ? frames.Where(JobFrames.IsNews).Append(frames[^1])
        : [frames.FirstOrDefault(JobFrames.IsNews) ?? frames[^1]];

    private static async Task<bool> ChangedAsync(Task changed, TimeSpan patience, TimeProvider time, CancellationToken gone)
    {
        try
        {
            await changed.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, time, gone);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
