using OrleansBulk.Tabs;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Tabs;

/// <summary>How the pages speak of tabs.</summary>
internal static class TabWords
{
    public static string State(string state) => state switch
    {
        "never" => "not synced yet",
        "unknown" => "not known",
        "wrong" => "has errors",
        "held" => "held by a paused job",
        _ => state.Replace('-', ' '),
    };

    /// <summary>The class of a tag.</summary>
    public static string Tone(string state) => state switch
    {
        "syncing" => "busy",
        "up-to-date" => "good",
        "wrong" => "bad",
        "behind" or "paused" or "held" or "unknown" => "warn",
        _ => "",
    };

    /// <summary>How many rows wait, how long, and when that was so where it is not now.</summary>
    public static string Lag(TabView tab, DateTimeOffset now) => Waiting(tab)
        + (tab.ToRewrite > 0 ? $"; {(tab.ToRewrite > 1000 ? "more than 1,000" : PageWords.Number(tab.ToRewrite))} to be written again" : "")
        + (tab.WaitingAsOf is { } at && now - at > TimeSpan.FromSeconds(10) ? $" ({PageWords.Rough(now - at)} ago)" : "");

    public static string Outcome(TabSyncView sync) => sync switch
    {
        { State: "running" } => "goes on",
        { State: "cancelled" } => "cancelled before its end",
        { State: "failed" } => "failed before its end",
        { Whole: false } => "not whole: the rest comes with the next one",
        { Full: true } => "all rows compared",
        _ => "what changed",
    };

    /// <summary>When the next sync begins.</summary>
    public static string Next(TabView tab, DateTimeOffset now) => tab switch
    {
        { State: "paused" } => "when it is resumed",
        { Schedule.Automatic: false } => "when somebody says so",
        { Schedule.NextAt: null } => "soon",
        { Schedule.NextAt: { } at } when at <= now => "now",
        { Schedule.NextAt: { } at } => $"in {PageWords.Rough(at - now)}",
    };

    private static string Waiting(TabView tab) => tab switch
    {
        { Waiting: null } => "not known",
        { Waiting: 0 } => "none",
        { Waiting: > TabLagSource.MostCounted } => $"more than {PageWords.Number(TabLagSource.MostCounted)}{Oldest(tab)}",
        _ => PageWords.Number(tab.Waiting.Value) + Oldest(tab),
    };

    private static string Oldest(TabView tab) => tab.OldestWaitingSeconds is { } seconds ? $", the oldest for {PageWords.Took(TimeSpan.FromSeconds(seconds))}" : "";
}
