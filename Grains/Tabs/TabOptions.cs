using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace OrleansBulk.Tabs;

/// <summary>How tabs are synced. Section <c>Tabs</c> of the configuration; some also by the variables of the service that did this before.</summary>
public sealed record TabOptions
{
    /// <summary>The file that says which tabs there are; null: the five that come with the service.</summary>
    public string? File { get; init; }

    /// <summary><c>files</c> or <c>sheets</c>. Default <c>files</c>.</summary>
    public string Destination { get; init; } = "files";

    /// <summary>Whether tabs are synced by themselves. Default false: somebody starts each sync.</summary>
    public bool Scheduled { get; init; }

    /// <summary>Time between two scheduled syncs. Default 5 minutes, range 5 s to 1 day. Also <c>SYNC_INTERVAL_SECONDS</c>.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>Whether scheduled syncs take over what changed only. Default true; false: each compares all rows. Also <c>SYNC_ENABLE_INCREMENTAL</c>.</summary>
    public bool Incremental { get; init; } = true;

    /// <summary>How often a scheduled sync compares all rows, which finds deleted ones. Default 1 day, range 1 minute to 30 days.</summary>
    public TimeSpan FullEvery { get; init; } = TimeSpan.FromDays(1);

    /// <summary>
    /// So long after its first rows were looked at the sync of a tab reads and writes no further ones; the next one goes on there, a full one too. A resumed or retried job
    /// has its time anew. Default 5 minutes, range 1 s to 1 day.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between the starts of two tabs of one sync, so that not all come at once. Default 10 s, range 0 to 10 minutes. Also <c>SYNC_DELAY_SECONDS</c>.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Rows that changed so long before the last one that was taken over are looked at again: a transaction may commit later than its time says. Default 1 minute, range 0 to 1 hour.</summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A query of the source may take so long. Default 30 s, range 1 s to 10 minutes.</summary>
    public TimeSpan QueryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a query of the source is tried again that met a broken connection or took too long. Default 3, range 0 to 20. Also <c>SYNC_MAX_RETRIES</c>.</summary>
    public int Retries { get; init; } = 3;

    public static TabOptions Read(IConfiguration configuration)
    {
        var options = configuration.GetSection("Tabs").Get<TabOptions>() ?? new TabOptions();
        options = options with
        {
            Interval = Seconds(configuration, "SYNC_INTERVAL_SECONDS") ?? options.Interval,
            Delay = Seconds(configuration, "SYNC_DELAY_SECONDS") ?? options.Delay,
            Incremental = Flag(configuration, "SYNC_ENABLE_INCREMENTAL") ?? options.Incremental,
            Retries = ReadRetries(configuration) ?? options.Retries,
        };
        options.Validate();
        return options;
    }

    /// <summary>Tries of a call that failed, from <c>SYNC_MAX_RETRIES</c>; null when it is not set.</summary>
    public static int? ReadRetries(IConfiguration configuration) => configuration["SYNC_MAX_RETRIES"] is not { Length: > 0 } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var retries) && retries <= 20 ? retries
        : throw new InvalidOperationException($"SYNC_MAX_RETRIES is '{text}'; it must be a whole number from 0 to 20.");

    /// <exception cref="InvalidOperationException">A value is out of range.</exception>
    public void Validate()
    {
        Check(Destination is "files" or "sheets", nameof(Destination), Destination, "files or sheets");
        Check(Between(Interval, TimeSpan.FromSeconds(5), TimeSpan.FromDays(1)), nameof(Interval), Interval, "00:00:05 to 1.00:00:00");
        Check(Between(FullEvery, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)), nameof(FullEvery), FullEvery, "00:01:00 to 30.00:00:00");
        Check(Between(Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), nameof(Timeout), Timeout, "00:00:01 to 1.00:00:00");
        Check(Between(Delay, TimeSpan.Zero, TimeSpan.FromMinutes(10)), nameof(Delay), Delay, "00:00:00 to 00:10:00");
        Check(Between(Overlap, TimeSpan.Zero, TimeSpan.FromHours(1)), nameof(Overlap), Overlap, "00:00:00 to 01:00:00");
        Check(Retries is >= 0 and <= 20, nameof(Retries), Retries, "0 to 20");
        Check(Between(QueryTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), nameof(QueryTimeout), QueryTimeout, "00:00:01 to 00:10:00");
    }

    private static bool Between(TimeSpan value, TimeSpan least, TimeSpan most) => value >= least && value <= most;

    private static TimeSpan? Seconds(IConfiguration configuration, string variable) => configuration[variable] is not { Length: > 0 } text ? null
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds <= 86_400 ? TimeSpan.FromSeconds(seconds)
        : throw new InvalidOperationException($"{variable} is '{text}'; it must be a number of seconds, at most 86400.");

    private static bool? Flag(IConfiguration configuration, string variable) => configuration[variable]?.ToLowerInvariant() switch
    {
        null or "" => null,
        "true" or "1" or "yes" => true,
        "false" or "0" or "no" => false,
        var text => throw new InvalidOperationException($"{variable} is '{text}'; it must be true or false."),
    };

    private static void Check(bool good, string setting, object value, string range)
    {
        if (!good)
        {
            throw new InvalidOperationException($"Tabs:{setting} is {value}; it must be {range}.");
        }
    }
}
