using System.Globalization;
using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>What the form to start a job asks for: a refresh of the profiles of one platform, or of all, that were not fetched for a while.</summary>
public sealed class StartForm
{
    private const long FreshSeconds = 300;

    /// <summary>The choices of <see cref="Older"/>.</summary>
    public static readonly IReadOnlyList<(long Seconds, string Words)> Ages =
    [
        (FreshSeconds, "5 minutes"), (3600, "an hour"), (86_400, "a day"), (7 * 86_400, "a week"), (0, "no time at all: refresh every profile"),
    ];

    /// <summary>Null: every platform.</summary>
    public string? Platform { get; set; }

    /// <summary>Seconds for which a profile was not fetched; 0: whenever it was.</summary>
    public long Older { get; set; } = FreshSeconds;

    /// <summary>The instant that <see cref="Older"/> meant when the preview was made, so that the job is the one that was shown.</summary>
    public DateTimeOffset? Since { get; set; }

    public string? Mode { get; set; }

    /// <summary>Makes a form that is sent twice start one job.</summary>
    public string? Key { get; set; }

    /// <summary>Fixes what the preview shows.</summary>
    public void Settle(DateTimeOffset now)
    {
        Since = Older is > 0 and <= 315_360_000 ? now - TimeSpan.FromSeconds(Older) : null;
        Key = $"page-{Guid.NewGuid():N}";
    }

    public JobRequest ToRequest() => new(
        "profile-refresh",
        JsonSerializer.SerializeToElement(new
        {
            filter = new { platform = Platform, staleAfter = Since?.ToString("O", CultureInfo.InvariantCulture) },
            maxAgeSeconds = Since is null ? 0 : FreshSeconds,
        }),
        JobModeExtensions.Parse(Mode) ?? JobMode.HighPerformance,
        null,
        Key);
}
