using System.Collections.Concurrent;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary><see cref="TabSync"/> at work on one job.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle, so there is nothing to give back.")]
internal sealed class TabSyncRun(
    JobTicket job, TabSyncSpec spec, Database database, TabCatalog catalog, TabSource source, ITabDestination destination, UpstreamGates gates, TabOptions options, TimeProvider time) : IWorkloadRun
{
    /// <summary>A write that waits longer at the gate comes back to the pump.</summary>
    private static readonly TimeSpan GateWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);
    internal const string Unchanged = "unchanged";
    internal const string Deleted = "deleted since it was read";
    private const string TimeIsUp = "left for the next sync: time was up";

    private readonly FlowTicket _flow = new(job.Id.ToString("D"), job.Concurrency);
    private readonly ConcurrentDictionary<string, TabAtWork> _tabs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _preparing = new(1); // chunks are looked at one after the other: each is several statements on a lane of two connections
    private DateTimeOffset? _startedAt;

    public string LaneOf(Item item) => TabItem.Read(item).Tab;

    public LaneRoom RoomOf(string lane)
    {
        var batch = catalog.Find(lane)?.Batch ?? 1;
        if (gates.Catalog.Find(destination.Name) is null)
        {
            return new LaneRoom(batch, 2, null, null); // no upstream: one batch is written, another one fills
        }

        var gate = gates.Look(destination.Name);
        return new LaneRoom(batch, gate.Breaker == "closed" ? 2 : 1, gate.BoundBy, gate.LimitPerSecond * batch);
    }

    public async Task<IReadOnlyList<ItemOutcome?>> PrepareAsync(Chunk chunk, CancellationToken cancellationToken)
    {
        await _preparing.WaitAsync(cancellationToken);
        try
        {
            _startedAt ??= await ReadStartAsync(cancellationToken);
            var outcomes = new ItemOutcome?[chunk.Items.Count];
            foreach (var tab in chunk.Items.Select((item, i) => (Item: item, Index: i, What: TabItem.Read(item))).GroupBy(item => item.What.Tab))
            {
                var work = Work(tab.Key);
                foreach (var (item, i, what) in tab)
                {
                    item.Prepared = what;
                    outcomes[i] = what is TabTaken taken
                        ? taken.IsWrong ? new ItemFailed("tab: source query is wrong", taken.Why, 0) : new ItemSkipped($"not synced: {taken.Why}")
                        : null;
                }

                await PrepareRowsAsync(work, [.. tab.Where(item => item.What is ChangedRow or GoneRow).Select(item => (item.Item, item.Index))], outcomes, cancellationToken);
            }

            return outcomes;
        }
        finally
        {
            _preparing.Release();
        }
    }

    /// <summary>Reads rows and what is written of them, batch by batch, and gives new ones their positions.</summary>
    private async Task PrepareRowsAsync(TabAtWork work, IReadOnlyList<(Item Item, int Index)> rows, ItemOutcome?[] outcomes, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var known = await ReadWrittenAsync(work.Tab.Name, [.. rows.Select(row => KeyOf(row.Item))], cancellationToken);
        var news = new List<(Item Item, SourceRow Row)>();
        foreach (var batch in rows.Chunk(work.Tab.Batch))
        {
            var there = (await source.ReadRowsAsync(work.Tab, [.. batch.Select(row => KeyOf(row.Item))], cancellationToken)).ToDictionary(row => row.Key, StringComparer.Ordinal);
            foreach (var (item, i) in batch)
            {
                var written = known.GetValueOrDefault(KeyOf(item));
                if (!there.TryGetValue(KeyOf(item), out var row))
                {
                    outcomes[i] = written is null ? new ItemSkipped(Deleted) : null;
                    item.Prepared = written is null ? null : new RowWork(KeyOf(item), written.Position, written.Cells, null, null);
                }
                else if (row.Cells.FirstOrDefault(cell => cell.Length > destination.LongestCell) is { } tooLong)
                {
                    outcomes[i] = new ItemFailed("tab: cell too long", $"A cell of the row {row.Key} has {tooLong.Length:N0} characters; a cell takes {destination.LongestCell:N0}.", 0);
                }
                else if (written is { IsDirty: false, Cells: { } cells } && cells.AsSpan().SequenceEqual(row.Cells))
                {
                    outcomes[i] = new ItemSkipped(Unchanged);
                }
                else if (written is not null)
                {
                    item.Prepared = new RowWork(row.Key, written.Position, written.Cells, row.Cells, row.UpdatedAt);
                }
                else
                {
                    news.Add((item, row));
                }
            }
        }

        var positions = news.Count == 0 ? [] : await GivePositionsAsync(work.Tab.Name, [.. news.Select(item => item.Row.Key).Distinct()], cancellationToken);
        foreach (var (item, row) in news)
        {
            item.Prepared = new RowWork(row.Key, positions[row.Key], null, row.Cells, row.UpdatedAt);
        }

        foreach (var (item, i) in rows)
        {
            if (outcomes[i] is null && !work.TryOpen(KeyOf(item), item.Ordinal))
            {
                outcomes[i] = new ItemSkipped("in this sync already"); // a row whose last write failed, and that has changed besides
            }
        }

        await MarkDirtyAsync(work.Tab.Name, [.. rows.Where(row => outcomes[row.Index] is null).Select(row => KeyOf(row.Item))], cancellationToken);
    }

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var what = item.Prepared!;
        var tab = what is TabItem known ? known.Tab : TabItem.Read(item).Tab;
        var work = Work(tab);
        if (work.Begins - time.GetUtcNow() is { Ticks: > 0 } early)
        {
            return new ItemDeferred(early, $"tabs begin {options.Delay.TotalSeconds:0} s apart", item.Attempts);
        }

        switch (what)
        {
            case RowWork when IsTimeUp:
                work.LeaveUndone();
                return new ItemSkipped(TimeIsUp);
            case RowWork row:
                return Outcome(await work.Writer.LoadAsync(row.ToRow(), Budget(item)), row);
            case TabEnd when work.IsOpen:
                return new ItemDeferred(LookAgain, "waits for the rows of its tab", item.Attempts);
            case TabEnd end:
                return await EndAsync(work, end, cancellationToken);
            case TabBlock block:
                return await RestoreAsync(work.Tab, block, Budget(item), cancellationToken);
            default:
                throw new InvalidOperationException($"{what.GetType().Name} is no work of a tab.");
        }
    }

    private CallBudget Budget(Item item) => new(_flow, GateWait, item.Attempts);

    private bool IsTimeUp => time.GetUtcNow() - _startedAt > options.Timeout;

    /// <summary>The one place where a call's result becomes an item's outcome.</summary>
    /// <param name="written">What is noted when it went well.</param>
    private static ItemOutcome Outcome(CallResult result, object? written)
    {
        ItemOutcome outcome = result switch
        {
            CallAnswered<int> => new ItemSucceeded(written),
            CallMissing missing => new ItemFailed(missing.Cause, missing.Message, result.Attempts),
            CallTroubled troubled => new ItemFailed(troubled.Cause, troubled.Message, result.Attempts),
            CallGarbled garbled => new ItemFailed(garbled.Cause, garbled.Message, result.Attempts, Garbled: true),
            CallDeferred deferred => new ItemDeferred(deferred.After, deferred.Reason, deferred.Attempts),
            CallRefused refused => new ItemRefused(refused.Reason),
            _ => throw new InvalidOperationException($"{result.GetType().Name} is no answer to a write."),
        };
        return outcome with { Cost = result.Cost };
    }

    /// <summary>All rows have their outcome, and it is committed.</summary>
    private async Task<ItemOutcome> EndAsync(TabAtWork work, TabEnd end, CancellationToken cancellationToken)
    {
        var store = new TabStore(database);
        var (changes, isPublished, left) = await store.LookAtSyncAsync(work.Tab.Name, job.Id, TimeIsUp, cancellationToken);
        var isWhole = !left && !work.IsUndone;
        if (changes > 0 || end.IsFull || !isPublished)
        {
            try
            {
                await destination.PublishAsync(work.Tab, store.ReadAllAsync(work.Tab.Name, cancellationToken), cancellationToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return new ItemFailed($"{destination.Name}: cannot be written", error.Message, 1);
            }
        }

        IReadOnlyList<PlannedItem>? blocks = end.IsFull && isWhole && destination.CanDrift ? [.. await BlocksAsync(work.Tab, cancellationToken)] : null;
        return new ItemSucceeded(new EndWork(end, isWhole), blocks);
    }

    private async Task<IEnumerable<PlannedItem>> BlocksAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        var last = await new TabStore(database).LastPositionAsync(tab.Name, cancellationToken);
        var blocks = Math.Max(1, (last + destination.RestoreRows - 1) / destination.RestoreRows);
        return Enumerable.Range(0, blocks).Select(block => new TabBlock(tab.Name, (block * destination.RestoreRows) + 1, destination.RestoreRows, block == blocks - 1).Plan(null));
    }

    private async Task<ItemOutcome> RestoreAsync(TabDefinition tab, TabBlock block, CallBudget budget, CancellationToken cancellationToken)
    {
        var rows = await new TabStore(database).ReadBlockAsync(tab.Name, block.First, block.Rows, cancellationToken);
        var result = await destination.RestoreAsync(tab, block.First, rows, block.IsEnd, budget, cancellationToken);
        return Outcome(result, result is CallAnswered<int> { Value: var restored } ? new RestoreWork(tab.Name, restored) : null);
    }

    public async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        foreach (var tab in results.GroupBy(result => TabItem.Read(result.Item).Tab))
        {
            var rows = tab.Select(result => (result.Outcome as ItemSucceeded)?.Result as RowWork).OfType<RowWork>().ToList();
            await TabWriter.WriteAsync(connection, job.Id, tab.Key, rows, cancellationToken);
            await TabTroubles.NoteAsync(connection, job.Id, tab.Key, [.. tab], cancellationToken);
            foreach (var result in tab)
            {
                Work(tab.Key).Close(result.Item);
                switch ((result.Outcome as ItemSucceeded)?.Result)
                {
                    case EndWork end:
                        await TabWriter.EndAsync(connection, job.Id, tab.Key, end, destination.Name, result.At, cancellationToken);
                        break;
                    case RestoreWork { Rows: > 0 } restored:
                        await TabWriter.CountRestoredAsync(connection, job.Id, tab.Key, restored.Rows, cancellationToken);
                        break;
                }
            }
        }
    }

    private TabAtWork Work(string name) => _tabs.GetOrAdd(name, static (name, run) => run.Begin(name), this);

    private TabAtWork Begin(string name)
    {
        var tab = catalog.Find(name) ?? throw new InvalidOperationException($"The tab '{name}' is not in the file of tabs any more.");
        var place = spec.Tabs.Index().First(known => known.Item == name).Index;
        return new TabAtWork(tab, (_startedAt ?? time.GetUtcNow()) + (place * options.Delay), new BatchLoader<TabRow>(
            tab.Batch, 1, Linger, time, async (rows, budget, cancellationToken) =>
            {
                TabRow[] inOrder = [.. rows.OrderBy(row => row.Position)];
                var result = await destination.WriteAsync(tab, inOrder, budget, cancellationToken);
                return [.. Enumerable.Repeat(result, rows.Count)];
            }));
    }

    private static string KeyOf(Item item) => item.Prepared switch
    {
        ChangedRow row => row.Key,
        GoneRow row => row.Key,
        RowWork row => row.Key,
        _ => throw new InvalidOperationException($"The item {item.Key} is about no row."),
    };

    private const string StartSql = """
        -- name: ReadTabSyncStart
        SELECT coalesce(started_at, created_at) FROM jobs WHERE id = $1
        """;

    /// <summary>When the job was begun, crashes included: its time is not begun anew.</summary>
    private async Task<DateTimeOffset> ReadStartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (DateTimeOffset)(await connection.Sql(StartSql).With(job.Id).FirstAsync(row => (object)row.GetFieldValue<DateTimeOffset>(0), cancellationToken) ?? time.GetUtcNow());
    }

    private const string WrittenSql = """
        -- name: ReadWrittenTabRows
        SELECT key, position, cells, is_dirty FROM tab_rows WHERE tab = $1 AND key = ANY($2)
        """;

    private async Task<Dictionary<string, WrittenRow>> ReadWrittenAsync(string tab, string[] keys, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(WrittenSql).With(tab).With(keys)
            .ListAsync(row => (Key: row.GetString(0), Row: new WrittenRow(row.GetInt32(1), row.IsDBNull(2) ? null : row.GetFieldValue<string[]>(2), row.GetBoolean(3))), cancellationToken))
            .ToDictionary(row => row.Key, row => row.Row, StringComparer.Ordinal);
    }

    // Committed before anything is written to the destination. The tab is this job's alone, so nobody else gives positions.
    private const string PositionsSql = """
        -- name: GiveTabPositions
        WITH wanted AS (
            SELECT key, row_number() OVER (ORDER BY ord) AS n FROM unnest($2::text[]) WITH ORDINALITY AS w(key, ord)
        ), given AS (
            UPDATE tabs SET next_position = next_position + (SELECT count(*) FROM wanted)::integer WHERE name = $1 RETURNING next_position
        )
        INSERT INTO tab_rows (tab, key, position, is_dirty)
        SELECT $1, w.key, (g.next_position - (SELECT count(*) FROM wanted) + w.n - 1)::integer, true FROM wanted w, given g
        RETURNING key, position
        """;

    private async Task<Dictionary<string, int>> GivePositionsAsync(string tab, string[] keys, CancellationToken cancellationToken)
    {
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(PositionsSql).With(tab).With(keys).ListAsync(row => (Key: row.GetString(0), Position: row.GetInt32(1)), cancellationToken))
            .ToDictionary(row => row.Key, row => row.Position, StringComparer.Ordinal);
    }

    private const string DirtySql = """
        -- name: MarkTabRowsDirty
        UPDATE tab_rows SET is_dirty = true WHERE tab = $1 AND key = ANY($2) AND NOT is_dirty
        """;

    /// <summary>
    /// Notes, before anything is written, which rows may stand otherwise in the destination than is known here: a write may be done though it failed, or though this
    /// process died before it was committed. What ends well takes the mark away.
    /// </summary>
    private async Task MarkDirtyAsync(string tab, string[] keys, CancellationToken cancellationToken)
    {
        if (keys.Length > 0)
        {
            await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
            await connection.Sql(DirtySql).With(tab).With(keys).RunAsync(cancellationToken);
        }
    }

    private sealed record WrittenRow(int Position, string[]? Cells, bool IsDirty);
}

/// <summary>A row on its way into a tab.</summary>
/// <param name="Before">What stood there; null: nothing.</param>
/// <param name="After">What is to stand there; null: the row is gone.</param>
internal sealed record RowWork(string Key, int Position, string[]? Before, string[]? After, DateTimeOffset? UpdatedAt)
{
    public TabRow ToRow() => new(Position, After);
}

/// <param name="IsWhole">All planned rows were taken over or failed for themselves; time was not up.</param>
internal sealed record EndWork(TabEnd End, bool IsWhole);

internal sealed record RestoreWork(string Tab, int Rows);

/// <summary>One tab of a sync that goes on. Used by items that run at once.</summary>
internal sealed class TabAtWork(TabDefinition tab, DateTimeOffset begins, BatchLoader<TabRow> writer)
{
    private readonly ConcurrentDictionary<string, long> _open = new(StringComparer.Ordinal); // rows whose outcome is not committed, and the ordinals of their items

    public TabDefinition Tab => tab;

    public DateTimeOffset Begins => begins;

    public BatchLoader<TabRow> Writer => writer;

    public bool IsOpen => !_open.IsEmpty;

    /// <summary>Rows were left for the next sync, in this run of the job.</summary>
    public bool IsUndone { get; private set; }

    /// <summary>False: another item of this sync is at the row.</summary>
    public bool TryOpen(string key, long ordinal) => _open.GetOrAdd(key, ordinal) == ordinal;

    public void Close(Item item)
    {
        if (item.Prepared is RowWork row)
        {
            _open.TryRemove(KeyValuePair.Create(row.Key, item.Ordinal));
        }
    }

    public void LeaveUndone() => IsUndone = true;
}
