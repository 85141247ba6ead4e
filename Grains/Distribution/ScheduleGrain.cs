namespace OrleansBulk.Distribution;

/// <summary>Runs one daily schedule. It keeps nothing: what is due stands in the schedule's row, which only the run's transaction moves.</summary>
internal sealed class ScheduleGrain(ScheduleStore schedules, ILogger<ScheduleGrain> log) : Grain, IScheduleGrain
{
    public async Task<bool> RunDueAsync()
    {
        var name = ScheduleKeys.NameOf(this.GetPrimaryKeyString());
        if (await schedules.RunDueAsync(name, CancellationToken.None) is not { } run)
        {
            return false;
        }

        ScheduleGrainLog.Ran(log, name, run.Words);
        return run.Made;
    }
}

internal static partial class ScheduleGrainLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Schedule {Schedule}: {Result}.")]
    public static partial void Ran(ILogger log, string schedule, string result);
}
