namespace OrleansBulk.Upstreams;

internal sealed partial class UpstreamGate
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Upstream}: breaker open for {Seconds:0.#} s ({Reason}). Items wait without spending attempts.")]
    private partial void LogBreakerOpened(string upstream, double seconds, string? reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Upstream}: breaker closed, calls go up from one at a time.")]
    private partial void LogBreakerClosed(string upstream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Upstream}: told to wait {Seconds:0.#} s ({Reason}).")]
    private partial void LogThrottled(string upstream, double seconds, string reason);
}
