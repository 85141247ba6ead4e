using System.Collections.Concurrent;
using System.Globalization;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>
/// Tabs as sheets of one Google spreadsheet. The header stands in row 1, position p in row p + 1. Every write names its range, so a call that is made again writes the same
/// again; only the tab's own columns are ever touched. A sheet that somebody removed, or made smaller, is made anew or grows.
/// </summary>
public sealed class SheetsDestination : ITabDestination, IDisposable
{
    /// <summary>The upstream that writes go through.</summary>
    public const string Writes = "sheets";

    /// <summary>The upstream that reads go through: they have a quota of their own.</summary>
    public const string Reads = "sheets-reads";

    internal const string CellTooLong = "sheets: cell too long";
    private const int LongestCell = 50_000; // Google's limit for a cell
    private const int SpareColumns = 4; // of a new sheet, for notes; a workbook has 10,000,000 cells, so no more than that
    private const int FirstRows = 1000;
    private const int MostSpareRows = 20_000;
    private const int MostRowsAtOnce = 50_000; // that are added: if the answer is lost, so many come twice

    /// <summary>For so long a sheet is believed to be as it was seen: its place, its size, its header.</summary>
    private static readonly TimeSpan KeepFor = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, KnownPlace> _places = new(StringComparer.Ordinal); // by tab
    private readonly ConcurrentDictionary<string, bool> _made = new(StringComparer.Ordinal); // tabs whose sheet was made
    private readonly GoogleTokens _tokens;
    private readonly SheetsApi _api;
    private readonly TimeProvider _time;
    private readonly int _attempts;

    /// <exception cref="InvalidOperationException">An option is missing or out of range.</exception>
    public SheetsDestination(UpstreamGates gates, SheetsOptions options)
    {
        options.Validate();
        var reads = gates.Client(Reads);
        _time = reads.Time;
        _tokens = new GoogleTokens(reads, options);
        var writes = gates.Client(Writes);
        _attempts = writes.Options.Attempts;
        Place = $"{writes.Options.BaseUrl} {options.SpreadsheetId}";
        _api = new SheetsApi(reads, writes, _tokens, options);
    }

    public string Name => "sheets";

    public string Place { get; }

    public bool CanDrift => true;

    /// <summary>A read of 2,000 rows is a few hundred kB; one whose answer is too large is made again in halves.</summary>
    public int RestoreRows => 2000;

    /// <returns>
    /// <see cref="CallAnswered{T}"/> with the number of rows (<c>int</c>), or what came instead. <see cref="CallMissing"/> for a text longer than a cell holds: nothing was
    /// written, and the message names the position and the column.
    /// </returns>
    public Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, CallBudget budget, CancellationToken cancellationToken) => TooLong(tab, rows) is { } tooLong
        ? Task.FromResult<CallResult>(tooLong)
        : HealedAsync(tab, ask => WriteAsync(tab, rows, ask), budget, cancellationToken);

    /// <returns>
    /// As the contract says; <see cref="CallMissing"/> when a text is longer than a cell holds: the other rows were put right, this one stays as the sheet has it.
    /// </returns>
    public Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, CallBudget budget, CancellationToken cancellationToken) =>
        HealedAsync(tab, ask => RestoreAsync(tab, first, rows, isEnd, ask), budget, cancellationToken);

    /// <summary>What is written to a sheet is there.</summary>
    public Task PublishAsync(TabDefinition tab, IAsyncEnumerable<TabRow> rows, CancellationToken cancellationToken) => Task.CompletedTask;

    public bool TakeMade(TabDefinition tab) => _made.TryRemove(tab.Name, out _);

    public void Dispose()
    {
        _tokens.Dispose();
        foreach (var place in _places.Values)
        {
            place.Preparing.Dispose();
        }
    }

    /// <summary>Does it once more when the sheet turns out to be another than it was known to be.</summary>
    private async Task<CallResult> HealedAsync(TabDefinition tab, Func<SheetsAsk, Task<CallResult>> act, CallBudget budget, CancellationToken cancellationToken)
    {
        var ask = new SheetsAsk(budget, _time, cancellationToken);
        var result = await act(ask);
        if (IsChanged(result))
        {
            At(tab).Known = null;
            result = await act(ask);
        }

        if (IsChanged(result))
        {
            At(tab).Known = null;
            var words = $"The sheet '{tab.Title}' is being changed by somebody else: {((CallMissing)result).Message}";
            CallResult later = result.Attempts < _attempts ? new CallDeferred(TimeSpan.FromSeconds(1), words) : new CallTroubled("sheets: changed meanwhile", words);
            return ask.End(later with { Attempts = result.Attempts });
        }

        return ask.End(result);
    }

    private static bool IsChanged(CallResult result) => result is CallMissing { Cause: SheetsApi.NoSheet or SheetsApi.GridTooSmall or SheetsApi.SheetExists };

    private async Task<CallResult> WriteAsync(TabDefinition tab, IReadOnlyList<TabRow> rows, SheetsAsk ask)
    {
        if (rows.Count == 0)
        {
            return new CallAnswered<int>(0);
        }

        var (sheet, trouble) = await PrepareAsync(tab, rows[^1].Position + 1, ask);
        if (sheet is null)
        {
            return trouble!;
        }

        var cells = rows.Select(row => Cells(tab, row));
        var result = await WriteAsync(sheet, sheet.HasHeader ? cells : cells.Prepend(Header(tab)), ask);
        if (result is not CallAnswered<bool>)
        {
            return result;
        }

        At(tab).SawHeader(sheet);
        return new CallAnswered<int>(rows.Count);
    }

    private async Task<CallResult> RestoreAsync(TabDefinition tab, int first, IReadOnlyList<TabRow> rows, bool isEnd, SheetsAsk ask)
    {
        // The header belongs to the first block.
        var (from, last) = (first == 1 ? 1 : first + 1, first + rows.Count);
        if (from > last && !isEnd)
        {
            return new CallAnswered<int>(0);
        }

        var (sheet, trouble) = await PrepareAsync(tab, last, ask);
        if (sheet is null)
        {
            return trouble!;
        }

        IReadOnlyList<IReadOnlyList<SheetCell>> there = [];
        if (from <= sheet.Grid.Rows)
        {
            var read = await ReadAsync(sheet.Grid, from, isEnd ? null : last, tab.Columns.Count, ask);
            if (read is not CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>> { Value: var found })
            {
                return read;
            }

            there = found;
        }

        var wanted = rows.Select(row => Cells(tab, row));
        var tooLong = TooLong(tab, rows);
        var wrong = (from == 1 ? wanted.Prepend(Header(tab)) : wanted)
            .Where(row => !IsSame(row.Cells, At(there, row.Row - from)) && (tooLong is null || row.Cells.All(cell => cell.Text.Length <= LongestCell)))
            .ToList();
        if (wrong.Count > 0 && await WriteAsync(sheet, wrong, ask) is not CallAnswered<bool> and var failed)
        {
            return failed;
        }

        var cleared = await ClearBehindAsync(sheet, tab, there, from, last, ask);
        if (cleared is not CallAnswered<int> { Value: var clearedRows })
        {
            return cleared;
        }

        if (from == 1)
        {
            At(tab).SawHeader(sheet);
        }

        return tooLong is null ? new CallAnswered<int>(wrong.Count + clearedRows) : tooLong;
    }

    /// <summary>Clears what stands behind the last row in the tab's columns.</summary>
    private async Task<CallResult> ClearBehindAsync(KnownSheet sheet, TabDefinition tab, IReadOnlyList<IReadOnlyList<SheetCell>> there, int from, int last, SheetsAsk ask)
    {
        var behind = Enumerable.Range(0, there.Count).Where(place => from + place > last && !IsSame([], there[place])).ToList();
        if (behind.Count == 0)
        {
            return new CallAnswered<int>(0);
        }

        var result = await _api.ClearAsync(SheetRange.Of(sheet.Grid.Title, last + 1, 1, from + behind[^1], tab.Columns.Count), ask);
        return result is CallAnswered<bool> ? new CallAnswered<int>(behind.Count) : result;
    }

    private async Task<CallResult> WriteAsync(KnownSheet sheet, IEnumerable<SheetCells> cells, SheetsAsk ask)
    {
        CallResult result = new CallAnswered<bool>(true);
        foreach (var payload in SheetPayloads.Of(sheet.Grid.Title, cells))
        {
            result = await _api.WriteValuesAsync(payload, ask);
            if (result is not CallAnswered<bool>)
            {
                return result;
            }
        }

        return result;
    }

    /// <summary>Rows as far as something stands there, from the first on.</summary>
    /// <param name="last">Null: as far as the grid goes.</param>
    private async Task<CallResult> ReadAsync(SheetGrid grid, int first, int? last, int columns, SheetsAsk ask)
    {
        var result = await _api.ReadValuesAsync(SheetRange.Of(grid.Title, first, 1, last, columns), ask);
        var end = last ?? grid.Rows;
        if (result is not CallGarbled garbled || !garbled.Cause.EndsWith(SheetsApi.TooLarge, StringComparison.Ordinal) || end <= first)
        {
            return result;
        }

        var middle = first + ((end - first) / 2);
        var top = await ReadAsync(grid, first, middle, columns, ask);
        if (top is not CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>> { Value: var upper })
        {
            return top;
        }

        var bottom = await ReadAsync(grid, middle + 1, last, columns, ask);
        if (bottom is not CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>> { Value: var lower })
        {
            return bottom;
        }

        var between = Enumerable.Repeat<IReadOnlyList<SheetCell>>([], middle - first + 1 - upper.Count);
        return new CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>>([.. upper, .. between, .. lower]);
    }

    private KnownPlace At(TabDefinition tab) => _places.GetOrAdd(tab.Name, static _ => new KnownPlace());

    /// <summary>The sheet, made or grown where it must be, so that it has this row and the tab's columns; null, and what came instead.</summary>
    private async Task<(KnownSheet? Sheet, CallResult? Trouble)> PrepareAsync(TabDefinition tab, int lastRow, SheetsAsk ask)
    {
        var place = At(tab);
        if (Fitting(place, tab, lastRow) is { } known)
        {
            return (known, null);
        }

        // One at a time: blocks of a tab are restored side by side, and each would add the rows that all of them miss.
        await place.Preparing.WaitAsync(ask.CancellationToken);
        try
        {
            if (Fitting(place, tab, lastRow) is { } prepared)
            {
                return (prepared, null);
            }

            var (sheet, trouble) = await LookAsync(place, tab, lastRow, ask);
            if (sheet is not null)
            {
                place.Known = sheet;
            }

            return (sheet, trouble);
        }
        finally
        {
            place.Preparing.Release();
        }
    }

    private KnownSheet? Fitting(KnownPlace place, TabDefinition tab, int lastRow) => Fresh(place) is { } known && lastRow <= known.Grid.Rows && tab.Columns.Count <= known.Grid.Columns ? known : null;

    private KnownSheet? Fresh(KnownPlace place) => place.Known is { } known && _time.GetElapsedTime(known.SeenAt) < KeepFor ? known : null;

    private async Task<(KnownSheet? Sheet, CallResult? Trouble)> LookAsync(KnownPlace place, TabDefinition tab, int lastRow, SheetsAsk ask)
    {
        var seenAt = _time.GetTimestamp();
        var listed = await _api.ListAsync(ask);
        if (listed is not CallAnswered<IReadOnlyList<SheetGrid>> { Value: var sheets })
        {
            return (null, listed);
        }

        var found = sheets.FirstOrDefault(sheet => sheet.Title.Equals(tab.Title, StringComparison.OrdinalIgnoreCase));
        if (found is null)
        {
            _made[tab.Name] = true; // before: the answer may be lost
        }

        var result = found is not null
            ? await GrowAsync(found, tab, lastRow, ask)
            : await _api.AddSheetAsync(tab.Title, Math.Max(FirstRows, lastRow), tab.Columns.Count + SpareColumns, ask);
        if (result is not CallAnswered<SheetGrid> { Value: var grid })
        {
            return (null, result);
        }

        if (Fresh(place) is { HasHeader: true } known && known.Grid.Id == grid.Id)
        {
            return (new KnownSheet(grid, seenAt, HasHeader: true), null);
        }

        var header = await ReadAsync(grid, 1, 1, tab.Columns.Count, ask);
        return header is CallAnswered<IReadOnlyList<IReadOnlyList<SheetCell>>> { Value: var row }
            ? (new KnownSheet(grid, seenAt, IsSame(Header(tab).Cells, At(row, 0))), null)
            : (null, header);
    }

    /// <summary>Adds rows and columns where some are missing; a tenth more rows than needed, for those to come.</summary>
    private async Task<CallResult> GrowAsync(SheetGrid grid, TabDefinition tab, int lastRow, SheetsAsk ask)
    {
        if (grid.Columns < tab.Columns.Count)
        {
            var more = tab.Columns.Count - grid.Columns;
            if (await _api.GrowAsync(grid.Id, "COLUMNS", more, ask) is not CallAnswered<bool> and var failed)
            {
                return failed;
            }

            grid = grid with { Columns = grid.Columns + more };
        }

        while (grid.Rows < lastRow)
        {
            var more = Math.Clamp(lastRow - grid.Rows, Math.Clamp(grid.Rows / 10, FirstRows, MostSpareRows), MostRowsAtOnce);
            if (await _api.GrowAsync(grid.Id, "ROWS", more, ask) is not CallAnswered<bool> and var failed)
            {
                return failed;
            }

            grid = grid with { Rows = grid.Rows + more };
        }

        return new CallAnswered<SheetGrid>(grid);
    }

    private static SheetCells Header(TabDefinition tab) => new(1, 1, [.. tab.Columns.Select(column => new SheetCell(column.Title))]);

    /// <summary>A cleared position is written as empty texts: nothing at all would leave what stands there.</summary>
    private static SheetCells Cells(TabDefinition tab, TabRow row) => new(
        row.Position + 1, 1, [.. tab.Columns.Select((column, i) => row.Cells is { } cells && i < cells.Count ? SheetCell.Of(cells[i], column.Format) : SheetCell.Empty)]);

    private static CallMissing? TooLong(TabDefinition tab, IReadOnlyList<TabRow> rows)
    {
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Cells?.Count; column++)
            {
                if (row.Cells[column].Length > LongestCell)
                {
                    return new CallMissing(CellTooLong, string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {row.Position}, column '{tab.Columns[column].Title}': {row.Cells[column].Length:N0} characters; a cell of a spreadsheet holds {LongestCell:N0}. Shorten the text, or leave the column out."));
                }
            }
        }

        return null;
    }

    private static IReadOnlyList<SheetCell> At(IReadOnlyList<IReadOnlyList<SheetCell>> rows, int place) => place < rows.Count ? rows[place] : [];

    /// <summary>Whether a row has these cells; what it does not have is empty.</summary>
    private static bool IsSame(IReadOnlyList<SheetCell> wanted, IReadOnlyList<SheetCell> there)
    {
        for (var column = 0; column < Math.Max(wanted.Count, there.Count); column++)
        {
            if (!(column < wanted.Count ? wanted[column] : SheetCell.Empty).IsSame(column < there.Count ? there[column] : SheetCell.Empty))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>What is known of a tab's sheet.</summary>
    private sealed class KnownPlace
    {
        /// <summary>Held by who looks at the sheet and makes it fit.</summary>
        public SemaphoreSlim Preparing { get; } = new(1, 1);

        /// <summary>Null: it has to be looked at. Written by who prepares, and by who finds out that it has changed.</summary>
        public KnownSheet? Known { get; set; }

        public void SawHeader(KnownSheet sheet)
        {
            if (Known is { HasHeader: false } known && known.Grid.Id == sheet.Grid.Id)
            {
                Known = known with { HasHeader = true };
            }
        }
    }

    /// <param name="SeenAt">A timestamp.</param>
    private sealed record KnownSheet(SheetGrid Grid, long SeenAt, bool HasHeader);
}
