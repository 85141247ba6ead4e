namespace OrleansBulk.Simulator.Sheets;

/// <summary>A spreadsheet. Tests read and edit it here as its users would: at any time, whatever calls are doing.</summary>
public sealed class Workbook
{
    /// <summary>All sheets of a workbook have at most so many cells together.</summary>
    public const long MostCells = 10_000_000;

    private readonly Lock _lock = new();
    private readonly List<Sheet> _sheets = [];
    private int _lastId;

    internal Workbook(string id, string title)
    {
        (Id, Title) = (id, title);
        Add("Sheet1", 1000, 26);
    }

    public string Id { get; }

    public string Title { get; }

    /// <summary>Whether it is shared with the service account. Default true; otherwise calls are answered with 403.</summary>
    public bool Shared { get; set; } = true;

    /// <summary>Titles in order.</summary>
    public IReadOnlyList<string> Titles => Locked(() => _sheets.Select(sheet => sheet.Title).ToList());

    public (int Rows, int Columns) Size(string title) => Locked(() => (Get(title).RowCount, Get(title).ColumnCount));

    /// <summary>All that stands there, as people see it: as far as the last row and, in each row, the last cell that is not empty.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows(string title) => Locked(() =>
    {
        var sheet = Get(title);
        var rows = new List<IReadOnlyList<string>>();
        for (var row = 1; row <= sheet.UsedRows; row++)
        {
            var cells = Enumerable.Range(1, sheet.ColumnCount).Select(column => sheet.Text(row, column)).ToList();
            rows.Add(cells[..(cells.FindLastIndex(cell => cell.Length > 0) + 1)]);
        }
        return rows[..(rows.FindLastIndex(row => row.Count > 0) + 1)];
    });

    /// <summary>What stands in <c>B3</c>: null, a string, a double, a bool or a <see cref="SheetFormula"/>.</summary>
    public object? Cell(string title, string cell) => Locked(() => Get(title)[At(cell).Row, At(cell).Column]);

    /// <summary>Puts a value into <c>B3</c>; the grid grows where it must, as it does for people.</summary>
    public void Put(string title, string cell, object? value) => Locked(() =>
    {
        var (sheet, (row, column)) = (Get(title), At(cell));
        sheet.Resize(Math.Max(sheet.RowCount, row), Math.Max(sheet.ColumnCount, column));
        sheet[row, column] = value is "" ? null : value;
        return true;
    });

    public void AddSheet(string title, int rows = 1000, int columns = 26) => Locked(() => Add(title, rows, columns));

    public void DeleteSheet(string title) => Locked(() => _sheets.Remove(Get(title)));

    public void Rename(string title, string newTitle) => Locked(() => Get(title).Title = newTitle);

    public void Resize(string title, int rows, int columns) => Locked(() =>
    {
        Get(title).Resize(rows, columns);
        return true;
    });

    public void InsertRow(string title, int row) => Locked(() =>
    {
        Get(title).InsertRow(row);
        return true;
    });

    public void DeleteRow(string title, int row) => Locked(() =>
    {
        Get(title).DeleteRow(row);
        return true;
    });

    /// <summary>Whether anything in it would be calculated.</summary>
    public bool HasFormulas => Locked(() => _sheets.Exists(sheet =>
        Enumerable.Range(1, sheet.UsedRows).Any(row => Enumerable.Range(1, sheet.ColumnCount).Any(column => sheet[row, column] is SheetFormula))));

    internal T Locked<T>(Func<T> act)
    {
        lock (_lock) return act();
    }

    /// <summary>Under the lock.</summary>
    internal IReadOnlyList<Sheet> Sheets => _sheets;

    /// <summary>Under the lock. Titles are told apart without case.</summary>
    internal Sheet? Find(string? title) =>
        title is null ? _sheets.FirstOrDefault() : _sheets.Find(sheet => string.Equals(sheet.Title, title, StringComparison.OrdinalIgnoreCase));

    /// <summary>Under the lock.</summary>
    internal Sheet Add(string title, int rows, int columns)
    {
        // The first sheet has the id 0, as in every new spreadsheet; the others have large ones.
        var sheet = new Sheet(_sheets.Count == 0 && _lastId == 0 ? 0 : 1_000_000 + ++_lastId, title, rows, columns);
        _sheets.Add(sheet);
        return sheet;
    }

    private Sheet Get(string title) => Find(title) ?? throw new KeyNotFoundException($"The workbook '{Id}' has no sheet '{title}'.");

    private static (int Row, int Column) At(string cell) =>
        SheetRange.Parse(cell) is { LastRow: { } row, LastColumn: { } column } ? (row, column) : throw new FormatException($"'{cell}' is no cell such as B3.");
}
