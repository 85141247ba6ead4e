using OrleansBulk.Tabs;

namespace OrleansBulk.Web.Api;

/// <summary>How tabs stand, for pages and the API.</summary>
public sealed class TabViews(TabCatalog catalog, TabStore store, TabLagSource lags, TabOptions options, TimeProvider time)
{
    public async Task<IReadOnlyList<TabView>> ListAsync(CancellationToken cancellationToken)
    {
        var states = await store.ListAsync(cancellationToken);
        var next = options.Scheduled ? await store.FindNextAsync(cancellationToken) : null;
        var now = time.GetUtcNow();
        return await Task.WhenAll(catalog.All.Select(async tab =>
        {
            var state = states.GetValueOrDefault(tab.Name);
            return TabView.Of(tab, state, await lags.ReadAsync(tab, state?.Watermark, cancellationToken), TabSchedule.Of(options, state, next), now);
        }));
    }

    public async Task<TabView?> FindAsync(string name, CancellationToken cancellationToken) => (await ListAsync(cancellationToken)).FirstOrDefault(tab => tab.Name == name);
}

/// <summary>A tab on the wire.</summary>
/// <param name="State">
/// syncing, held (by a job that is paused), paused, wrong (rows could not be written, its sync failed, or its query is refused: <paramref name="Error"/> says what), never (before its first sync), unknown (the source does not
/// say whether rows wait), behind (rows wait), or up-to-date.
/// </param>
/// <param name="Rows">That stand in the destination.</param>
/// <param name="Waiting">Rows that wait to be taken over, counted up to 10,001; null: the source could not be asked.</param>
/// <param name="OldestWaitingSeconds">How long the oldest of them waits.</param>
/// <param name="WaitingAsOf">When that was so.</param>
/// <param name="ToRewrite">Rows whose last write failed or was broken off, counted up to 1,001; the next sync writes them again.</param>
/// <param name="SyncedUpTo">All changes until then are in the destination, but for those rows.</param>
/// <param name="Error">What went wrong in the last sync, or why the source cannot be asked.</param>
/// <param name="SyncedBy">The job that syncs it now.</param>
/// <param name="Gaps">Empty places in the sheet, of rows that are gone; a sync with closeGaps moves the others up.</param>
public sealed record TabView(
    string Name, string Title, string State, int Batch, int Limit, string? Destination, int Rows, int? Waiting, double? OldestWaitingSeconds, DateTimeOffset? WaitingAsOf, int ToRewrite,
    DateTimeOffset? SyncedUpTo, DateTimeOffset? FullAt, string? Error, TabSyncView? LastSync, Guid? SyncedBy, int Gaps, TabSchedule Schedule)
{
    /// <summary>What was known of the source is believed for so long.</summary>
    private static readonly TimeSpan Believed = TimeSpan.FromMinutes(1);

    public static TabView Of(TabDefinition tab, TabState? state, TabLagView lag, TabSchedule schedule, DateTimeOffset now)
    {
        var isBelieved = lag.Lag is not null && (lag.Problem is null || now - lag.At < Believed);
        var error = state?.Error ?? lag.Problem;
        var word = state switch
        {
            { IsHeld: true } => "held",
            { SyncedBy: not null } => "syncing",
            { Paused: true } => "paused",
            { Error: not null } => "wrong",
            _ when lag.IsWrong => "wrong",
            null or { Last: null } => "never",
            _ when !isBelieved => "unknown",
            { Dirty: > 0 } => "behind",
            _ => lag.Lag!.Rows > 0 ? "behind" : "up-to-date",
        };
        return new TabView(
            tab.Name, tab.Title, word, tab.Batch, tab.Limit, state?.Destination, state?.Rows ?? 0, lag.Lag?.Rows,
            lag.Lag?.Oldest is { } oldest ? Math.Max(0, Math.Round((now - oldest).TotalSeconds, 1)) : null, lag.At, state is { SyncedBy: null } ? state.Dirty : 0,
            state?.Watermark?.At, state?.FullAt, error, state?.Last is { } last ? TabSyncView.Of(last) : null, state?.SyncedBy, state?.Destination?.StartsWith("files", StringComparison.Ordinal) is false ? state.Gaps : 0, schedule);
    }
}

/// <summary>When a tab is synced by itself.</summary>
/// <param name="Automatic">False: only when somebody says so.</param>
/// <param name="Incremental">False: all rows are compared each time.</param>
/// <param name="FullEverySeconds">How often all rows are compared.</param>
/// <param name="NextAt">When the next sync begins; null: it is left out, or none is scheduled.</param>
public sealed record TabSchedule(bool Automatic, double IntervalSeconds, bool Incremental, double FullEverySeconds, DateTimeOffset? NextAt)
{
    public static TabSchedule Of(TabOptions options, TabState? state, DateTimeOffset? next) =>
        new(options.Scheduled, options.Interval.TotalSeconds, options.Incremental, options.FullEvery.TotalSeconds, state is { Paused: true } ? null : next);
}

/// <summary>One sync of one tab on the wire.</summary>
/// <param name="State">running, ended, cancelled, or failed (of itself, before its end).</param>
/// <param name="Whole">False: time was up before all rows were taken over; null: it has not come to its end.</param>
/// <param name="Restored">Rows of the sheet that somebody had changed, and that were put right.</param>
/// <param name="Failed">Rows that could not be written, and whatever else failed.</param>
public sealed record TabSyncView(Guid JobId, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, string State, bool Full, bool? Whole, int Added, int Changed, int Removed, int Restored, int Failed)
{
    public static TabSyncView Of(TabSyncRow row) => new(
        row.JobId, row.StartedAt, row.FinishedAt, StateOf(row), row.IsFull, row.IsWhole, row.Added, row.Changed, row.Removed, row.Restored, row.Failed);

    private static string StateOf(TabSyncRow row) => row switch
    {
        { FinishedAt: not null } => "ended",
        { JobStatus: "failed" } => "failed",
        { JobStatus: "queued" or "planning" or "running" or "paused" } => "running",
        _ => "cancelled",
    };
}
