using OrleansBulk.Hosting;

namespace OrleansBulk.Distribution;

/// <summary>Looks twice a minute for schedules that are due and wakes their grains. Every silo runs one; two that wake the same grain do no harm.</summary>
public sealed class ScheduleClock(ScheduleStore schedules, IGrainFactory grains, TimeProvider time, ILogger<ScheduleClock> log)
    : RecurringService("Looking for schedules that are due", Every, time, log)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    protected override Task RoundAsync(CancellationToken cancellationToken) => RunOnceAsync(cancellationToken);

    /// <summary>Runs what is due; answers how many distributions were made.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var made = 0;
        foreach (var name in await schedules.FindDueAsync(cancellationToken))
        {
            try
            {
                made += await grains.GetGrain<IScheduleGrain>(ScheduleKeys.Of(name)).RunDueAsync() ? 1 : 0;
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                ScheduleClockLog.Failed(Log, error, name); // the others are due all the same, and this one still is
            }
        }

        return made;
    }
}

internal static partial class ScheduleClockLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Schedule {Schedule} could not be run; the next look tries again.")]
    public static partial void Failed(ILogger log, Exception error, string schedule);
}
