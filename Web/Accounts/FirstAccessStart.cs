using OrleansBulk.Storage;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Runs <see cref="FirstAccess"/> before the first request is taken, or, when the database is away at the start, as soon as it is back. Prints a password
/// that was made up to the console: once, and never to the log.
/// </summary>
public sealed partial class FirstAccessStart(FirstAccess access, AccountOptions options, TimeProvider time, ILogger<FirstAccessStart> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    // Written by the start, read by the loop that follows it.
    private bool _done;

    /// <summary>Where the password is printed.</summary>
    internal TextWriter Console { get; init; } = System.Console.Out;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        _ = options; // asked for so that wrong settings stop the start and not the first request
        _done = await TryAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!_done)
        {
            await Task.Delay(Pause, time, stoppingToken);
            _done = await TryAsync(stoppingToken);
        }
    }

    private async Task<bool> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            var made = await access.RunOnceAsync(cancellationToken);
            if (made.Password is { } password)
            {
                await Console.WriteLineAsync($"First start: sign in as '{FirstAccess.UserName}' with the password {password}");
                await Console.WriteLineAsync("It is shown only this once. Change it at /account/password.");
            }

            if (made.User || made.Key)
            {
                LogMade(made.User ? FirstAccess.UserName : "none", made.Key ? FirstAccess.KeyName : "none");
            }

            return true;
        }
        catch (Exception error) when (Database.IsAway(error))
        {
            LogAway(error.Message, Pause.TotalSeconds);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Made the first access: user {User}, API key {Key}.")]
    private partial void LogMade(string user, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether there is a first user could not be seen: the database is away ({Reason}). Trying again in {Seconds} s.")]
    private partial void LogAway(string reason, double seconds);
}
