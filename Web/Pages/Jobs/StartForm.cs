using System.Globalization;
using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Pages.Jobs;

/// <summary>What the form to start a job asks for: a refresh of the profiles that it describes, or of those that were chosen one by one.</summary>
public sealed class StartForm
{
    private const long FreshSeconds = 300;

    /// <summary>The choices of <see cref="Older"/>.</summary>
    public static readonly IReadOnlyList<(long Seconds, string Words)> Ages =
    [
        (FreshSeconds, "5 minutes"), (3600, "an hour"), (86_400, "a day"), (7 * 86_400, "a week"), (0, "any time: refresh all of them"),
    ];

    /// <summary>Null: every platform.</summary>
    public string? Platform { get; set; }

    /// <summary>The beginning of the handle.</summary>
    public string? Query { get; set; }

    public string? Owner { get; set; }

    public string? State { get; set; }

    /// <summary>Chosen profiles; when there are any, the filters do not count.</summary>
    public List<Guid> Profile { get; set; } = [];

    /// <summary>Seconds for which a profile was not fetched; 0: whenever it was.</summary>
    public long Older { get; set; } = FreshSeconds;

    /// <summary>The instant that <see cref="Older"/> meant when the preview was made, so that the job is the one that was shown.</summary>
    public DateTimeOffset? Since { get; set; }

    public string? Mode { get; set; }

    /// <summary>Makes a form that is sent twice start one job.</summary>
    public string? Key { get; set; }

    public bool IsChosen => Profile.Count > 0;

    /// <summary>Fixes what the preview shows.</summary>
    public void Settle(DateTimeOffset now)
    {
        Since = !IsChosen && Older is > 0 and <= 315_360_000 ? now - TimeSpan.FromSeconds(Older) : null;
        Key = $"page-{Guid.NewGuid():N}";
    }

    /// <summary>What the form that follows the preview sends, as names and values.</summary>
    public IEnumerable<(string Name, string? Value)> Fields() =>
    [
        ("platform", Platform), ("query", Query), ("owner", Owner), ("state", State), ("older", Older.ToString(CultureInfo.InvariantCulture)),
        ("since", Since?.ToString("O", CultureInfo.InvariantCulture)), ("mode", Mode), ("key", Key), .. Profile.Select(id => ("profile", (string?)id.ToString())),
    ];

    public JobRequest ToRequest() => new("profile-refresh", Spec(), JobModeExtensions.Parse(Mode) ?? JobMode.HighPerformance, null, Key);

    private JsonElement Spec() => IsChosen
        ? JsonSerializer.SerializeToElement(new { profileIds = Profile, maxAgeSeconds = 0 })
        : JsonSerializer.SerializeToElement(new
        {
            filter = new { platform = Platform, q = Query, owner = Owner, state = State, staleAfter = Since?.ToString("O", CultureInfo.InvariantCulture) },
            maxAgeSeconds = Since is null ? 0 : FreshSeconds,
        });
}
