using OrleansBulk.Storage;
using OrleansBulk.Tabs;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Api;

/// <summary>How tabs stand, for pages and the API. What waits in the source is read once in five seconds, however many look.</summary>
public sealed class TabViews(TabCatalog catalog, TabStore store, TabSource source, TimeProvider time)
{
    /// <summary>Rows that wait are counted so far.</summary>
    public const int MostCounted = 10_000;

    private readonly BriefCache<string, TabLag?> _lags = new(TimeSpan.FromSeconds(5), time);

    public async Task<IReadOnlyList<TabView>> ListAsync(CancellationToken cancellationToken)
    {
        var states = await store.ListAsync(cancellationToken);
        var now = time.GetUtcNow();
        return await Task.WhenAll(catalog.All.Select(async tab => TabView.Of(tab, states.GetValueOrDefault(tab.Name), await LagAsync(tab, states.GetValueOrDefault(tab.Name), cancellationToken), now)));
    }

    public async Task<TabView?> FindAsync(string name, CancellationToken cancellationToken) => (await ListAsync(cancellationToken)).FirstOrDefault(tab => tab.Name == name);

    private Task<TabLag?> LagAsync(TabDefinition tab, TabState? state, CancellationToken cancellationToken) => _lags.GetAsync($"{tab.Name} {state?.Watermark}", async _ =>
    {
        try
        {
            return await source.ReadLagAsync(tab, state?.Watermark, MostCounted + 1, CancellationToken.None); // shared, so it does not end with the first who asked
        }
        catch (Exception error) when (Database.IsAway(error) || error is InvalidTabException or Npgsql.PostgresException)
        {
            return null; // the source is away, or the query is wrong: how the tab stands is known all the same
        }
    }, cancellationToken);
}

/// <summary>A tab on the wire.</summary>
/// <param name="State">paused, syncing, behind (rows wait), or up-to-date; never, before its first sync.</param>
/// <param name="Waiting">Rows that wait to be taken over, counted up to 10,001; null: the source could not be asked.</param>
/// <param name="OldestWaitingSeconds">How long the oldest of them waits.</param>
/// <param name="SyncedUpTo">All changes until then are in the destination.</param>
/// <param name="SyncedBy">The job that syncs it now.</param>
public sealed record TabView(
    string Name, string Title, string State, int Batch, int Limit, string? Destination, int? Waiting, double? OldestWaitingSeconds, DateTimeOffset? SyncedUpTo, DateTimeOffset? FullAt, TabSyncView? LastSync, Guid? SyncedBy)
{
    public static TabView Of(TabDefinition tab, TabState? state, TabLag? lag, DateTimeOffset now)
    {
        var word = state switch
        {
            { SyncedBy: not null } => "syncing",
            { Paused: true } => "paused",
            null or { Last: null } => "never",
            _ => lag is { Rows: > 0 } ? "behind" : "up-to-date",
        };
        return new TabView(
            tab.Name, tab.Title, word, tab.Batch, tab.Limit, state?.Destination, lag?.Rows, lag?.Oldest is { } oldest ? Math.Max(0, Math.Round((now - oldest).TotalSeconds, 1)) : null,
            state?.Watermark?.At, state?.FullAt, state?.Last is { } last ? TabSyncView.Of(last) : null, state?.SyncedBy);
    }
}

/// <summary>One sync of one tab on the wire.</summary>
/// <param name="Whole">False: time was up before all rows were taken over, or some could not be written; null: it has not ended.</param>
/// <param name="Restored">Rows of the sheet that somebody had changed, and that were put right.</param>
public sealed record TabSyncView(Guid JobId, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, bool Full, bool? Whole, int Added, int Changed, int Removed, int Restored)
{
    public static TabSyncView Of(TabSyncRow row) => new(row.JobId, row.StartedAt, row.FinishedAt, row.IsFull, row.IsWhole, row.Added, row.Changed, row.Removed, row.Restored);
}
