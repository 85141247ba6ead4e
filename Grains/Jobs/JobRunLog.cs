namespace OrleansBulk.Jobs;

internal static partial class JobRunLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} ({Workload}): running under epoch {Epoch}, {State}.")]
    public static partial void Started(ILogger log, Guid jobId, string workload, long epoch, string state);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId}: planned, {Items} items.")]
    public static partial void Planned(ILogger log, Guid jobId, long items);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId}: {End}; {Succeeded} succeeded, {Failed} failed, {Skipped} skipped.")]
    public static partial void Ended(ILogger log, Guid jobId, RunEnd end, long succeeded, long failed, long skipped);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Job {JobId}: {Settled} items settled, {InFlight} in flight, {Uncommitted} to be committed.")]
    public static partial void Hundred(ILogger log, Guid jobId, long settled, int inFlight, int uncommitted);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId}: no item of {Lane} can succeed: {Reason}")]
    public static partial void Refused(ILogger log, Guid jobId, string lane, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId}: given up to its new owner. {Reason}")]
    public static partial void Lost(ILogger log, Guid jobId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId}: the pump broke.")]
    public static partial void Broken(ILogger log, Exception error, Guid jobId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId}: item {Ordinal} ({Key}) failed by an error of ours.")]
    public static partial void ItemBroken(ILogger log, Exception error, Guid jobId, long ordinal, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId}: {What} waits for the database.")]
    public static partial void PutOff(ILogger log, Exception error, Guid jobId, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId}: {Items} items were given up and go on all the same; they stay pending.")]
    public static partial void Unheeded(ILogger log, Guid jobId, int items);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId}: what {Workload} does beside its items could not be ended.")]
    public static partial void NotLeft(ILogger log, Exception error, Guid jobId, string workload);
}
