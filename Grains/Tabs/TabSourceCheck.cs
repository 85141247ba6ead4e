using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace OrleansBulk.Tabs;

/// <summary>
/// Tries every tab's query when the service has started, and looks whether the role that reads the source could also write: what is wrong with <c>tabs.json</c> is said then,
/// and not only by the first sync. The service starts all the same: the source belongs to somebody else, and one tab must not hold up the rest.
/// </summary>
public sealed class TabSourceCheck(TabSource source, TabCatalog catalog, IConfiguration configuration, ILogger<TabSourceCheck> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // nobody's start waits for it
        try
        {
            await RunOnceAsync(stoppingToken);
        }
        catch (Exception error) when (!stoppingToken.IsCancellationRequested) // whatever it was, it must not end the process
        {
            TabSourceCheckLog.NotChecked(log, error);
        }
    }

    /// <summary>Answers how many tabs can be synced as they are written.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var right = 0;
        foreach (var tab in catalog.All)
        {
            try
            {
                await source.DescribeAsync(tab, cancellationToken);
                right++;
            }
            catch (InvalidTabException error)
            {
                TabSourceCheckLog.Wrong(log, error.Message);
            }
        }

        if (await source.FindWritingRoleAsync(cancellationToken) is { } role)
        {
            // The service's own database is the source of a first run, and the role is the service's.
            TabSourceCheckLog.MayWrite(log, configuration.GetConnectionString("TabSource") is { Length: > 0 } ? LogLevel.Warning : LogLevel.Information, role);
        }

        return right;
    }
}

internal static partial class TabSourceCheckLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Problem} It fails in every sync until tabs.json or the source is put right; the other tabs are synced.")]
    public static partial void Wrong(ILogger log, string problem);

    [LoggerMessage(Message = "Tabs are read as the role {Role}, which may write too. Its sessions are set to read only; better name one in ConnectionStrings:TabSource that can do no more, as scripts/sql/tab_reader.sql makes it.")]
    public static partial void MayWrite(ILogger log, LogLevel level, string role);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The tabs' queries could not be checked, since their source does not answer.")]
    public static partial void NotChecked(ILogger log, Exception error);
}
