using System.Collections.Concurrent;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Writes down when keys were used: once a minute for all keys together, and once more at the stop, so that no request waits for it. While the database
/// is away the notes are kept; there is at most one per key.
/// </summary>
public sealed partial class ApiKeyUse(ApiKeyStore keys, TimeProvider time, ILogger<ApiKeyUse> logger) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    // Written by requests, taken by the loop below.
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _used = new();

    public void Note(Guid key) => _used[key] = time.GetUtcNow();

    /// <returns>How many keys were written down.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancellationToken)
    {
        var taken = _used.ToArray();
        if (taken.Length == 0)
        {
            return 0;
        }

        Array.Sort(taken, (a, b) => a.Key.CompareTo(b.Key)); // the same order in every Web
        await keys.TouchAsync(Array.ConvertAll(taken, note => note.Key), Array.ConvertAll(taken, note => note.Value), cancellationToken);
        foreach (var note in taken)
        {
            _used.TryRemove(note); // unless it was used again meanwhile
        }

        return taken.Length;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryRunOnceAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await TryRunOnceAsync(stoppingToken);
        }
    }

    private async Task TryRunOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RunOnceAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested) // whatever it was, it must not end the process
        {
            LogPutOff(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "When API keys were last used could not be written down now ({Reason}); it is tried again in a minute.")]
    private partial void LogPutOff(string reason);
}
