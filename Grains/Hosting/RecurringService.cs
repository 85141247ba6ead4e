using Microsoft.Extensions.Hosting;

namespace OrleansBulk.Hosting;

/// <summary>
/// Work that comes round for as long as the process lives, first when it starts. A round that fails is logged and no more: the next one tries again, and it must not end the process. Every silo
/// runs its own, so what one has done the others find done.
/// </summary>
/// <param name="what">What a round does, as the log says it.</param>
/// <param name="every">From the beginning of a round to that of the next; one that takes longer is followed at once.</param>
/// <param name="failure">How the log takes it when a round fails.</param>
public abstract class RecurringService(string what, TimeSpan every, TimeProvider time, ILogger log, LogLevel failure = LogLevel.Warning) : BackgroundService
{
    protected TimeProvider Time { get; } = time;

    protected ILogger Log { get; } = log;

    protected abstract Task RoundAsync(CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, Time);
        do
        {
            try
            {
                await RoundAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                RecurringServiceLog.PutOff(Log, failure, error, what, every);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}

internal static partial class RecurringServiceLog
{
    [LoggerMessage(Message = "{What} did not come to its end; it is tried again within {Every}.")]
    public static partial void PutOff(ILogger log, LogLevel level, Exception error, string what, TimeSpan every);
}
