namespace Orleans.Runtime;

public sealed partial class EmbeddedSilo
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Embedded silo started with {Classes} grain classes. It is one process: no cluster, no failover.")]
    private partial void LogStarted(int classes);

    [LoggerMessage(Level = LogLevel.Information, Message = "Embedded silo stops: running calls end, others are refused.")]
    private partial void LogStopping();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Embedded silo stopped before {Activations} activations had ended; their callers are refused.")]
    private partial void LogStopCutShort(int activations);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Call} did not answer within {Timeout}; its caller gets TimeoutException, the callee runs on.")]
    private partial void LogTimedOut(string call, TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Error, Message = "Grain {Grain} failed to activate.")]
    internal partial void LogActivationFailed(Exception exception, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Grain {Grain} failed while it deactivated ({Reason}).")]
    internal partial void LogDeactivationFailed(Exception exception, GrainId grain, DeactivationReasonCode reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The state of grain {Grain} is stale; its activation ends.")]
    internal partial void LogStaleState(Exception exception, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Grain {Grain} threw an exception that cannot cross to its caller.")]
    internal partial void LogForeignException(Exception exception, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A timer of grain {Grain} threw; it ticks on.")]
    internal partial void LogTimerFailed(Exception exception, GrainId grain);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An enumeration from grain {Grain} failed while it was closed.")]
    internal partial void LogEnumerationFailed(Exception exception, GrainId grain);

    [LoggerMessage(Level = LogLevel.Error, Message = "A sweep over the activations failed; the next one follows.")]
    private partial void LogSweepFailed(Exception exception);
}
