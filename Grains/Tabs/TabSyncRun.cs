using System.Collections.Concurrent;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary><see cref="TabSync"/> at work on one job.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The semaphore has no wait handle, so there is nothing to give back.")]
internal sealed class TabSyncRun(
    JobTicket job, TabSyncSpec spec, Database database, TabCatalog catalog, TabSource source, ITabDestination destination, UpstreamGates gates, TabOptions options, TimeProvider time, BackgroundPace? pace) : IWorkloadRun, IAsyncDisposable
{
    /// <summary>A write that waits longer at the gate comes back to the pump.</summary>
    private static readonly TimeSpan GateWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(250);
    internal const string Unchanged = "unchanged";
    internal const string Deleted = "deleted since it was read";
    private const string TimeIsUp = "left for the next sync: time was up";
    private const string LaterSync = "not synced: a later sync has had the tab since";
    private const string SourceTrouble = "tab: source cannot be read";
    private const string WrongRow = "tab: row cannot be read";

    private readonly FlowTicket _flow = new(job.Id.ToString("D"), job.Concurrency);
    private readonly TabStore _store = new(database, pace);
    private readonly ConcurrentDictionary<string, TabAtWork> _tabs = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _preparing = new(1); // chunks are looked at one after the other: each is several statements on a lane of two connections

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
            var outcomes = new ItemOutcome?[chunk.Items.Count];
            foreach (var tab in chunk.Items.Select((item, i) => (Item: item, Index: i, What: TabItem.Read(item))).GroupBy(item => item.What.Tab))
            {
                foreach (var (item, i, what) in tab)
                {
                    item.Prepared = what;
                    outcomes[i] = Known(what);
                }

                var left = tab.Where(item => outcomes[item.Index] is null).ToList();
                if (left.Count == 0)
                {
                    continue;
                }

                var (work, why) = await HoldAsync(tab.Key, cancellationToken);
                if (work is null)
                {
                    left.ForEach(item => outcomes[item.Index] = why);
                    continue;
                }

                await PrepareRowsAsync(work, [.. left.Where(item => item.What is ChangedRow or GoneRow).Select(item => (item.Item, item.Index))], outcomes, cancellationToken);
            }

            return outcomes;
        }
        finally
        {
            _preparing.Release();
        }
    }

    /// <summary>What has its outcome with the plan.</summary>
    private static ItemOutcome? Known(TabItem what) => what switch
    {
        TabTaken { IsWrong: true } wrong => new ItemFailed("tab: cannot be synced", wrong.Why, 0),
        TabTaken taken => new ItemSkipped($"not synced: {taken.Why}"),
        UnplacedRows rows => new ItemFailed(
            "tab: rows without key or updated_at", $"{(rows.AreMore ? "More than " : "")}{rows.Rows:N0} rows of the source of '{rows.Tab}' have no key or no updated_at: they cannot be synced. Give them both.", 0),
        _ => null,
    };

    private const string HoldSql = """
        -- name: HoldTab
        WITH held AS (
            UPDATE tabs SET job_id = $2, layout = CASE WHEN layout = $3 THEN layout ELSE '' END, width = greatest(width, $5)
            WHERE name = $1 AND last_job_id = $2 AND (job_id IS NULL OR job_id = $2) RETURNING name, width
        ), worked AS (
            UPDATE tab_syncs s SET worked_at = coalesce(s.worked_at, $6) FROM held WHERE s.tab = held.name AND s.job_id = $2 RETURNING s.worked_at, s.is_full
        )
        SELECT greatest(worked.worked_at, j.begun_at + $4), worked.is_full, held.width FROM held, worked JOIN jobs j ON j.id = $2
        """;

    /// <summary>
    /// The tab as this job's, or why it is not: items that are tried again, or go on after a failure of the job, must not meet those of another sync. What a later sync
    /// found is newer anyway.
    /// </summary>
    private async Task<(TabAtWork? Work, ItemOutcome? Why)> HoldAsync(string name, CancellationToken cancellationToken)
    {
        if (_tabs.TryGetValue(name, out var known))
        {
            return (known, null);
        }

        if (catalog.Find(name) is not { } tab)
        {
            return (null, new ItemFailed("tab: not in the file of tabs", $"The tab '{name}' is not in the file of tabs any more.", 0));
        }

        var layout = TabLayout.Of(source, destination, tab);
        var delay = spec.Tabs.Index().First(other => other.Item == name).Index * options.Delay;
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        var held = await connection.Sql(HoldSql).With(name).With(job.Id).With(layout).With(delay).With(tab.Columns.Count).With(time.GetUtcNow())
            .ListAsync(row => (Begins: row.GetFieldValue<DateTimeOffset>(0), IsFull: row.GetBoolean(1), Width: row.GetInt32(2)), cancellationToken);
        if (held.Count == 0)
        {
            return (null, new ItemSkipped(LaterSync));
        }

        var sheet = new WideTab(tab, destination.CanDrift ? held[0].Width : 0);
        return (_tabs.GetOrAdd(name, new TabAtWork(tab, sheet, layout, held[0].Begins, held[0].IsFull, Writer(sheet))), null);
    }

    private BatchLoader<TabRow> Writer(WideTab sheet) => new(
        sheet.Tab.Batch, 1, Linger, time, async (rows, budget, cancellationToken) =>
        {
            TabRow[] inOrder = [.. rows.OrderBy(row => row.Position).Select(sheet.Widen)];
            var result = await destination.WriteAsync(sheet.Tab, inOrder, budget, cancellationToken);
            return [.. Enumerable.Repeat(result, rows.Count)];
        });

    /// <summary>Reads rows and what is written of them, batch by batch, and gives new ones their positions.</summary>
    private async Task PrepareRowsAsync(TabAtWork work, IReadOnlyList<(Item Item, int Index)> rows, ItemOutcome?[] outcomes, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return;
        }

        if (IsOver(work))
        {
            foreach (var (_, i) in rows)
            {
                outcomes[i] = new ItemSkipped(TimeIsUp);
            }

            return;
        }

        var known = await ReadWrittenAsync(work.Tab.Name, [.. rows.Select(row => KeyOf(row.Item))], cancellationToken);
        var news = new List<(Item Item, SourceRow Row)>();
        var touched = new List<SourceRow>();
        foreach (var batch in rows.Chunk(work.Tab.Batch))
        {
            var (there, trouble) = await ReadSourceAsync(work, [.. batch.Select(row => KeyOf(row.Item))], cancellationToken);
            foreach (var (item, i) in batch)
            {
                var written = known.GetValueOrDefault(KeyOf(item));
                if (trouble is not null)
                {
                    outcomes[i] = trouble;
                }
                else if (there.GetValueOrDefault(KeyOf(item)) is { Problem: { } problem })
                {
                    outcomes[i] = new ItemFailed(WrongRow, Upper(problem), 0);
                }
                else if (!there.TryGetValue(KeyOf(item), out var row))
                {
                    outcomes[i] = written is null ? new ItemSkipped(Deleted) : null;
                    item.Prepared = written is null ? item.Prepared : new RowWork(KeyOf(item), written.Position, written.Cells, null, null);
                }
                else if (row.Cells.FirstOrDefault(cell => cell.Length > destination.LongestCell) is { } tooLong)
                {
                    outcomes[i] = new ItemFailed("tab: cell too long", $"A cell of the row {row.Key} has {tooLong.Length:N0} characters; a cell takes {destination.LongestCell:N0}.", 0);
                }
                else if (written is { IsDirty: false, Cells: { } cells } && cells.AsSpan().SequenceEqual(row.Cells))
                {
                    outcomes[i] = new ItemSkipped(Unchanged);
                    if (written.UpdatedAt != row.UpdatedAt)
                    {
                        touched.Add(row);
                    }
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

        var changedAgain = new List<string>();
        foreach (var (item, i) in rows)
        {
            if (outcomes[i] is null && item.Prepared is RowWork row && work.TryOpen(item.Ordinal, row) is { } other)
            {
                outcomes[i] = new ItemSkipped("in this sync already"); // a row whose last write failed, and that has changed besides
                if (!other.IsSame(row))
                {
                    changedAgain.Add(row.Key);
                }
            }
        }

        await MarkAsync(work.Tab.Name, [.. rows.Where(row => outcomes[row.Index] is null).Select(row => KeyOf(row.Item))], changedAgain, touched, cancellationToken);
    }

    private async Task<(Dictionary<string, SourceRow> Rows, ItemOutcome? Trouble)> ReadSourceAsync(TabAtWork work, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        if (IsOver(work))
        {
            return ([], new ItemSkipped(TimeIsUp));
        }

        try
        {
            return ((await source.ReadRowsAsync(work.Tab, keys, cancellationToken)).ToDictionary(row => row.Key, StringComparer.Ordinal), null);
        }
        catch (InvalidTabException error)
        {
            return ([], new ItemFailed(SourceTrouble, error.Message, 1));
        }
    }

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var work = _tabs[TabItem.Read(item).Tab];
        if (work.Begins - time.GetUtcNow() is { Ticks: > 0 } early)
        {
            return new ItemDeferred(early, $"tabs begin {options.Delay.TotalSeconds:0} s apart", item.Attempts);
        }

        switch (item.Prepared)
        {
            case RowWork when IsOver(work):
                return new ItemSkipped(TimeIsUp);
            case RowWork row:
                return Outcome(await work.Writer.LoadAsync(row.ToRow(), Budget(item)), row);
            case TabEnd when work.IsOpen || await _store.IsPendingAsync(job.Id, work.Tab.Name, item.Ordinal, blocksToo: true, cancellationToken):
                return new ItemDeferred(LookAgain, "waits for the rows of its tab", item.Attempts) { ForOthers = true };
            case TabEnd end:
                return await EndAsync(work, end, cancellationToken);
            case TabBlock when await _store.IsPendingAsync(job.Id, work.Tab.Name, item.Ordinal, blocksToo: false, cancellationToken):
                return new ItemDeferred(LookAgain, "waits for the rows of its tab", item.Attempts) { ForOthers = true };
            case TabBlock block:
                return await RestoreAsync(work.Sheet, block, Budget(item), cancellationToken);
            default:
                throw new InvalidOperationException($"{item.Prepared?.GetType().Name} is no work of a tab.");
        }
    }

    private CallBudget Budget(Item item) => new(_flow, GateWait, item.Attempts);

    private bool IsOver(TabAtWork work) => time.GetUtcNow() - work.Begins > options.Timeout;

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

    /// <summary>All that stands before it has its outcome, and it is committed.</summary>
    private async Task<ItemOutcome> EndAsync(TabAtWork work, TabEnd end, CancellationToken cancellationToken)
    {
        var (isUnpublished, isOfLayout, wasBegunInLayout, undone) = await _store.LookAtSyncAsync(work.Tab.Name, job.Id, work.Layout, cancellationToken);
        var isWhole = undone == 0 && end is { Trouble: null, IsCut: false };

        // Rows of two forms below one header would be wrong: then what was published last stays until all rows have the new one.
        var publishes = (isUnpublished || end is { IsFull: true, IsCompared: false } || !destination.IsThere(work.Tab)) && (isOfLayout || (isWhole && end.IsFull && wasBegunInLayout));
        if (publishes)
        {
            try
            {
                await destination.PublishAsync(work.Tab, _store.ReadAllAsync(work.Tab.Name, cancellationToken), cancellationToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return new ItemFailed($"{destination.Name}: cannot be written", error.Message, 1, Result: new EndWork(end, IsWhole: false, IsPublished: false, IsLast: true));
            }
        }

        if (end is { IsFull: true, IsCompared: true })
        {
            destination.TakeMade(work.Tab); // all rows were compared since
        }

        var compares = end is { IsFull: true, IsCompared: false } && isWhole && destination.CanDrift;
        var result = new EndWork(end, isWhole, publishes, IsLast: !compares);
        return end.Trouble is { } trouble ? new ItemFailed(SourceTrouble, trouble, 1, Result: result)
            : new ItemSucceeded(result, compares ? [.. await BlocksAsync(work.Tab, cancellationToken), (end with { IsCompared = true }).Plan(null)] : null);
    }

    private async Task<IEnumerable<PlannedItem>> BlocksAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        var last = await _store.LastPositionAsync(tab.Name, cancellationToken);
        var blocks = Math.Max(1, (last + destination.RestoreRows - 1) / destination.RestoreRows);
        return Enumerable.Range(0, blocks).Select(block => new TabBlock(tab.Name, (block * destination.RestoreRows) + 1, destination.RestoreRows).Plan(null));
    }

    /// <summary>What the block is compared with, and whether it is the last one, is what is known now: it may be another try, long after the first.</summary>
    private async Task<ItemOutcome> RestoreAsync(WideTab sheet, TabBlock block, CallBudget budget, CancellationToken cancellationToken)
    {
        var rows = await _store.ReadBlockAsync(block.Tab, block.First, block.Rows, cancellationToken);
        var isEnd = await _store.LastPositionAsync(block.Tab, cancellationToken) < block.First + block.Rows;
        var result = await destination.RestoreAsync(sheet.Tab, block.First, [.. rows.Select(sheet.Widen)], isEnd, budget, cancellationToken);
        return Outcome(result, result is CallAnswered<int> { Value: var restored } ? new RestoreWork(block.Tab, restored) : null);
    }

    public async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<ItemResult> results, CancellationToken cancellationToken)
    {
        foreach (var tab in results.GroupBy(result => TabItem.Read(result.Item).Tab))
        {
            var rows = tab.Select(result => (result.Outcome as ItemSucceeded)?.Result as RowWork).OfType<RowWork>().ToList();
            await TabWriter.WriteAsync(connection, job.Id, tab.Key, rows, cancellationToken);
            if (rows.Count > 0 && _tabs[tab.Key] is var work && (work.IsMissing |= destination.TakeMade(work.Tab) && !work.IsFull)) // kept until it is committed
            {
                await TabWriter.MissAsync(connection, tab.Key, rows, cancellationToken);
            }

            if (tab.Where(IsLeftForTheNextSync).ToList() is [_, ..] undone)
            {
                var first = undone.Where(result => TabItem.Read(result.Item) is ChangedRow { At: not null }).MinBy(result => result.Item.Ordinal);
                await TabWriter.CountUndoneAsync(connection, job.Id, tab.Key, undone.Count, first?.Item.Ordinal, first is null ? null : (ChangedRow)TabItem.Read(first.Item), cancellationToken);
            }

            await TabTroubles.NoteAsync(connection, job.Id, tab.Key, [.. tab], cancellationToken);
            foreach (var result in tab)
            {
                switch (result.Outcome is ItemFailed failed ? failed.Result : (result.Outcome as ItemSucceeded)?.Result)
                {
                    case EndWork end:
                        await TabWriter.EndAsync(connection, job.Id, tab.Key, end, destination.Name, _tabs[tab.Key].Layout, _tabs[tab.Key].Tab.Columns.Count, result.At, cancellationToken);
                        break;
                    case RestoreWork { Rows: > 0 } restored:
                        await TabWriter.CountRestoredAsync(connection, job.Id, tab.Key, restored.Rows, cancellationToken);
                        break;
                }
            }
        }
    }

    public void Committed(IReadOnlyList<ItemResult> results)
    {
        foreach (var result in results)
        {
            PutBack(result.Item);
        }

        foreach (var tab in results.Where(result => result.Outcome is ItemSucceeded { Result: RowWork }).Select(result => TabItem.Read(result.Item).Tab).Distinct())
        {
            _tabs[tab].IsMissing = false;
        }
    }

    /// <summary>Nothing is done with its row any more: what is known of open rows must not grow with the rows of the job.</summary>
    public void PutBack(Item item)
    {
        switch (TabItem.Read(item))
        {
            case ChangedRow row:
                Close(row.Tab, row.Key, item.Ordinal);
                break;
            case GoneRow row:
                Close(row.Tab, row.Key, item.Ordinal);
                break;
        }
    }

    private void Close(string tab, string key, long ordinal)
    {
        if (_tabs.TryGetValue(tab, out var work))
        {
            work.Close(key, ordinal);
        }
    }

    /// <summary>Whether nothing in the tab's rows tells that this is still to be done: the watermark must stay. A row whose write failed is marked.</summary>
    private static bool IsLeftForTheNextSync(ItemResult result) => result switch
    {
        { Outcome: ItemSkipped { Reason: TimeIsUp or LaterSync } } => true,
        { Outcome: ItemFailed { Cause: SourceTrouble }, Item.Prepared: ChangedRow or GoneRow } => true,
        { Outcome: ItemFailed, Item.Prepared: TabBlock } => true,
        _ => false,
    };

    /// <summary>No call of it goes out any more, and none is out.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var work in _tabs.Values)
        {
            await work.Writer.DisposeAsync();
        }
    }

    private static string Upper(string sentence) => $"{char.ToUpperInvariant(sentence[0])}{sentence.AsSpan(1)}.";

    private static string KeyOf(Item item) => item.Prepared switch
    {
        ChangedRow row => row.Key,
        GoneRow row => row.Key,
        RowWork row => row.Key,
        _ => throw new InvalidOperationException($"The item {item.Key} is about no row."),
    };

    private const string WrittenSql = """
        -- name: ReadWrittenTabRows
        SELECT key, position, cells, is_dirty, updated_at FROM tab_rows WHERE tab = $1 AND key = ANY($2)
        """;

    private async Task<Dictionary<string, WrittenRow>> ReadWrittenAsync(string tab, string[] keys, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(WrittenSql).With(tab).With(keys)
            .ListAsync(row => (Key: row.GetString(0), Row: new WrittenRow(row.GetInt32(1), row.IsDBNull(2) ? null : row.GetFieldValue<string[]>(2), row.GetBoolean(3), row.Time(4))), cancellationToken))
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
        ON CONFLICT (tab, key) DO UPDATE SET is_dirty = true
        RETURNING key, position
        """;

    private async Task<Dictionary<string, int>> GivePositionsAsync(string tab, string[] keys, CancellationToken cancellationToken)
    {
        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        return (await connection.Sql(PositionsSql).With(tab).With(keys).ListAsync(row => (Key: row.GetString(0), Position: row.GetInt32(1)), cancellationToken))
            .ToDictionary(row => row.Key, row => row.Position, StringComparer.Ordinal);
    }

    private const string DirtySql = """
        -- name: MarkTabRowsDirty
        UPDATE tab_rows SET is_dirty = true, is_changed_again = false WHERE tab = $1 AND key = ANY($2) AND (NOT is_dirty OR is_changed_again)
        """;

    private const string ChangedAgainSql = """
        -- name: MarkTabRowsChangedAgain
        UPDATE tab_rows SET is_dirty = true, is_changed_again = true WHERE tab = $1 AND key = ANY($2)
        """;

    private const string TouchSql = """
        -- name: TouchTabRows
        UPDATE tab_rows r SET updated_at = t.at FROM unnest($2::text[], $3::timestamptz[]) AS t(key, at) WHERE r.tab = $1 AND r.key = t.key
        """;

    /// <summary>
    /// Notes, before anything is written, which rows may stand otherwise in the destination than is known here: a write may be done though it failed, or though this
    /// process died before it was committed. What ends well takes the mark away, except from a row of which an older state is being written. Rows that have another time
    /// and the same cells are noted too, so that they need not be looked at again.
    /// </summary>
    private async Task MarkAsync(string tab, string[] opened, List<string> changedAgain, List<SourceRow> touched, CancellationToken cancellationToken)
    {
        if (opened.Length + changedAgain.Count + touched.Count == 0)
        {
            return;
        }

        using var turn = await pace.TurnAsync(cancellationToken);
        await using var connection = await database.Bulk.OpenConnectionAsync(cancellationToken);
        if (opened.Length > 0)
        {
            await connection.Sql(DirtySql).With(tab).With(opened).RunAsync(cancellationToken);
        }

        if (changedAgain.Count > 0)
        {
            await connection.Sql(ChangedAgainSql).With(tab).With(changedAgain.ToArray()).RunAsync(cancellationToken);
        }

        if (touched.Count > 0)
        {
            await connection.Sql(TouchSql).With(tab).With(touched.ConvertAll(row => row.Key).ToArray())
                .WithTyped(NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.TimestampTz, touched.ConvertAll(row => row.UpdatedAt).ToArray()).RunAsync(cancellationToken);
        }
    }

    private sealed record WrittenRow(int Position, string[]? Cells, bool IsDirty, DateTimeOffset? UpdatedAt);
}

/// <summary>A row on its way into a tab.</summary>
/// <param name="Before">What stood there; null: nothing.</param>
/// <param name="After">What is to stand there; null: the row is gone.</param>
internal sealed record RowWork(string Key, int Position, string[]? Before, string[]? After, DateTimeOffset? UpdatedAt)
{
    public TabRow ToRow() => new(Position, After);

    /// <summary>Whether both write the same.</summary>
    public bool IsSame(RowWork other) => After is null ? other.After is null : other.After is not null && After.AsSpan().SequenceEqual(other.After);
}

/// <param name="IsWhole">All planned rows were taken over or failed for themselves, and with the last end all blocks were compared.</param>
/// <param name="IsPublished">What is committed is to be seen now.</param>
/// <param name="IsLast">The tab is let go of.</param>
internal sealed record EndWork(TabEnd End, bool IsWhole, bool IsPublished, bool IsLast);

internal sealed record RestoreWork(string Tab, int Rows);

/// <summary>One tab of a sync that goes on. Used by items that run at once.</summary>
/// <param name="begins">When its turn begins, and its time.</param>
internal sealed class TabAtWork(TabDefinition tab, WideTab sheet, string layout, DateTimeOffset begins, bool isFull, BatchLoader<TabRow> writer)
{
    private readonly ConcurrentDictionary<string, (long Ordinal, RowWork Row)> _open = new(StringComparer.Ordinal); // rows whose outcome is not committed, by key

    public TabDefinition Tab => tab;

    /// <summary>As it is written.</summary>
    public WideTab Sheet => sheet;

    public string Layout => layout;

    public DateTimeOffset Begins => begins;

    public bool IsFull => isFull;

    /// <summary>The sheet was made anew, which no commit has noted yet. The committer's alone.</summary>
    public bool IsMissing { get; set; }

    public BatchLoader<TabRow> Writer => writer;

    public bool IsOpen => !_open.IsEmpty;

    /// <summary>Opens the row for an item; answers what another item of this sync does with it, or null when there is none.</summary>
    public RowWork? TryOpen(long ordinal, RowWork row)
    {
        var there = _open.AddOrUpdate(row.Key, (ordinal, row), (_, other) => other.Ordinal == ordinal ? (ordinal, row) : other);
        return there.Ordinal == ordinal ? null : there.Row;
    }

    public void Close(string key, long ordinal)
    {
        if (_open.TryGetValue(key, out var open) && open.Ordinal == ordinal)
        {
            _open.TryRemove(KeyValuePair.Create(key, open));
        }
    }
}
