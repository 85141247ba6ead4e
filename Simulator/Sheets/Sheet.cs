using System.Globalization;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>One sheet: a grid of a size, and what stands in it. A value is a string, a double, a bool or a <see cref="SheetFormula"/>. Its workbook's lock guards it.</summary>
internal sealed class Sheet(int id, string title, int rowCount, int columnCount)
{
    private readonly List<object?[]?> _rows = []; // as far as something stood; shorter than the grid

    public int Id => id;

    public string Title { get; set; } = title;

    public int RowCount { get; private set; } = rowCount;

    public int ColumnCount { get; private set; } = columnCount;

    public long Size => (long)RowCount * ColumnCount;

    /// <summary>The last row in which something may stand.</summary>
    public int UsedRows => _rows.Count;

    public object? this[int row, int column]
    {
        get => row <= _rows.Count && _rows[row - 1] is { } cells && column <= cells.Length ? cells[column - 1] : null;
        set
        {
            if (value is null && (row > _rows.Count || _rows[row - 1] is null)) return;
            while (_rows.Count < row) _rows.Add(null);
            var cells = _rows[row - 1] ??= new object?[ColumnCount];
            if (cells.Length < column) Array.Resize(ref cells, ColumnCount);
            cells[column - 1] = value;
            _rows[row - 1] = cells;
        }
    }

    /// <summary>A smaller grid loses what stood outside.</summary>
    public void Resize(int rows, int columns)
    {
        (RowCount, ColumnCount) = (rows, columns);
        if (_rows.Count > rows) _rows.RemoveRange(rows, _rows.Count - rows);
        for (var i = 0; i < _rows.Count; i++)
            if (_rows[i] is { } cells && cells.Length > columns) _rows[i] = cells[..columns];
    }

    /// <summary>Rows below move up.</summary>
    public void DeleteRow(int row)
    {
        if (row <= _rows.Count) _rows.RemoveAt(row - 1);
        RowCount--;
    }

    /// <summary>Rows below move down.</summary>
    public void InsertRow(int row)
    {
        if (row <= _rows.Count) _rows.Insert(row - 1, null);
        RowCount++;
    }

    /// <summary>What stands there as people see it; "" for nothing.</summary>
    public string Text(int row, int column) => this[row, column] switch
    {
        null => "",
        string text => text,
        double number => number.ToString(CultureInfo.InvariantCulture),
        bool flag => flag ? "TRUE" : "FALSE",
        _ => "#NAME?",
    };
}
