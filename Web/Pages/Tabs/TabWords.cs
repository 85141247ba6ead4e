using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Tabs;

/// <summary>How the pages speak of tabs.</summary>
internal static class TabWords
{
    public static string State(string state) => state == "never" ? "not synced yet" : state.Replace('-', ' ');

    /// <summary>The class of a tag.</summary>
    public static string Tone(string state) => state switch
    {
        "syncing" => "busy",
        "up-to-date" => "good",
        "behind" or "paused" => "warn",
        _ => "",
    };

    /// <summary>How many rows wait, and how long.</summary>
    public static string Lag(TabView tab) => tab switch
    {
        { Waiting: null } => "the source cannot be asked",
        { Waiting: 0 } => "none",
        { Waiting: > TabViews.MostCounted } => $"more than {PageWords.Number(TabViews.MostCounted)}{Oldest(tab)}",
        _ => PageWords.Number(tab.Waiting.Value) + Oldest(tab),
    };

    public static string Outcome(TabSyncView sync) => sync switch
    {
        { FinishedAt: null } => "goes on, or was cancelled",
        { Whole: false } => "not whole: the rest comes with the next one",
        { Full: true } => "all rows compared",
        _ => "what changed",
    };

    private static string Oldest(TabView tab) => tab.OldestWaitingSeconds is { } seconds ? $", the oldest for {PageWords.Took(TimeSpan.FromSeconds(seconds))}" : "";
}
