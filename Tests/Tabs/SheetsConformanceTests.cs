using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

public sealed class SheetsConformanceTests : TabDestinationConformance
{
    private SheetsHarness _sheets = null!;

    protected override ITabDestination Destination => _sheets.Destination;

    public override async Task InitializeAsync() => _sheets = await SheetsHarness.StartAsync(configure: SheetsHarness.Impatient);

    public override async Task DisposeAsync() => await _sheets.DisposeAsync();

    /// <summary>Of the tab's columns: users have others.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> See() =>
        Cut(_sheets.Workbook.Rows(Tab.Title).Select(row => row.Take(Tab.Columns.Count)));

    /// <summary>Positions are rows; what is empty at the end is not there.</summary>
    protected override IReadOnlyList<IReadOnlyList<string>> Expected() =>
        Cut(AllRows().Select(row => row.Cells ?? []).Prepend([.. Tab.Columns.Select(column => column.Title)]));

    protected override IReadOnlyList<(string What, Action Do)> Edits() =>
    [
        ("a cell was changed", () => _sheets.Workbook.Put(Tab.Title, "B4", "mine")),
        ("a cell was emptied", () => _sheets.Workbook.Put(Tab.Title, "C5", "")),
        ("a text became a number", () => _sheets.Workbook.Put(Tab.Title, "A3", 2.0)),
        ("a text became a flag", () => _sheets.Workbook.Put(Tab.Title, "B3", true)),
        ("a formula stands in a cell", () => _sheets.Workbook.Put(Tab.Title, "B2", new OrleansBulk.Simulator.Sheets.SheetFormula("=1+1"))),
        ("the header was changed", () => _sheets.Workbook.Put(Tab.Title, "A1", "mine")),
        ("something stands at a cleared position", () => _sheets.Workbook.Put(Tab.Title, "A7", "mine")),
        ("something stands behind the rows", () => _sheets.Workbook.Put(Tab.Title, "B90", "mine")),
        ("something stands behind the grid as it was", () => _sheets.Workbook.Put(Tab.Title, "C8000", "mine")),
        ("a row was deleted", () => _sheets.Workbook.DeleteRow(Tab.Title, 5)),
        ("a row was put in", () => _sheets.Workbook.InsertRow(Tab.Title, 2)),
        ("the sheet was deleted", () => _sheets.Workbook.DeleteSheet(Tab.Title)),
        ("the sheet was renamed", () => _sheets.Workbook.Rename(Tab.Title, $"Old {Guid.NewGuid()}")),
        ("the sheet was made smaller", () => _sheets.Workbook.Resize(Tab.Title, 4, 2)),
    ];

    protected override IReadOnlyList<(string What, Action Do)> Troubles() =>
    [
        .. new[] { "values.batchUpdate", "values.get" }.SelectMany(operation => new (string, Action)[]
        {
            ($"{operation}: 500", () => _sheets.Fault(""" "kind":"status","status":500 """, operation, 5)),
            ($"{operation}: 503", () => _sheets.Fault(""" "kind":"status","status":503 """, operation)),
            ($"{operation}: disconnect", () => _sheets.Fault(""" "kind":"disconnect" """, operation, 2)),
            ($"{operation}: cut", () => _sheets.Fault(""" "kind":"cutBody" """, operation)),
            ($"{operation}: page", () => _sheets.Fault(""" "kind":"html" """, operation)),
            ($"{operation}: empty", () => _sheets.Fault(""" "kind":"emptyBody" """, operation)),
            ($"{operation}: drift", () => _sheets.Fault(""" "kind":"missingField","field":"responses" """, operation)),
        }),
        ("no answer", () => _sheets.Fault(""" "kind":"hang" """, "values.batchUpdate")),
        ("time-out after commit", () => _sheets.Fault(""" "kind":"unanswered" """, "values.batchUpdate")),
        ("time-out after the clearing", () => _sheets.Fault(""" "kind":"unanswered" """, "values.batchClear")),
        ("time-out after the growing", () => _sheets.Fault(""" "kind":"unanswered" """, "batchUpdate")),
    ];

    [Fact]
    public async Task ColumnsOfOthers_StayWithTheirRows()
    {
        await SyncAsync(TabSamples.Rows(1, 12));
        _sheets.Workbook.Put(Tab.Title, "D1", "Notes");
        _sheets.Workbook.Put(Tab.Title, "D5", "call back");
        _sheets.Workbook.Put(Tab.Title, "E40", "mine");
        _sheets.Workbook.Put(Tab.Title, "D11", new OrleansBulk.Simulator.Sheets.SheetFormula("=A11*2"));

        await SyncAsync(TabSamples.Row(4, "4", "changed", "row"), TabSamples.Cleared(10));
        _sheets.Workbook.Put(Tab.Title, "A5", "spoiled");
        _sheets.Workbook.Put(Tab.Title, "A40", "spoiled");
        await FullAsync();

        AssertSame();
        Assert.Equal(("Notes", "call back", "mine"), (_sheets.Workbook.Cell(Tab.Title, "D1"), _sheets.Workbook.Cell(Tab.Title, "D5"), _sheets.Workbook.Cell(Tab.Title, "E40")));
        Assert.IsType<OrleansBulk.Simulator.Sheets.SheetFormula>(_sheets.Workbook.Cell(Tab.Title, "D11"));
    }

    [Fact]
    public async Task TextsAreTexts_NeverFormulasOrNumbers()
    {
        await SyncAsync(TabSamples.Row(1, "=1+1", "007", "2026-01-31"));

        Assert.False(_sheets.Workbook.HasFormulas);
        Assert.Equal(("=1+1", "007", "2026-01-31"), (_sheets.Workbook.Cell(Tab.Title, "A2"), _sheets.Workbook.Cell(Tab.Title, "B2"), _sheets.Workbook.Cell(Tab.Title, "C2")));
    }

    [Fact]
    public async Task NumbersAndFlags_AreSuch_WhereTheirColumnSaysSo_AndNothingIsLost()
    {
        Tab = new TabDefinition("kinds", "Kinds", "SELECT 1", [new("n", "Number", TabFormat.Number), new("f", "Flag", TabFormat.Flag), new("x", "Text", TabFormat.Text)], 25, 500);
        await SyncAsync(TabSamples.Row(1, "-12.50", "yes", "7"), TabSamples.Row(2, "007", "maybe", "yes"), TabSamples.Row(3, "12345678901234567890", "no", ""));

        Assert.Equal((-12.5, true, "7"), (Cell("A2"), Cell("B2"), Cell("C2")));
        Assert.Equal(("007", "maybe", "yes"), (Cell("A3"), Cell("B3"), Cell("C3")));
        Assert.Equal(("12345678901234567890", false), (Cell("A4"), Cell("B4")));
        Assert.Equal(0, await FullAsync());

        _sheets.Workbook.Put(Tab.Title, "A2", "-12.50"); // looks the same and does not add up
        _sheets.Workbook.Put(Tab.Title, "B2", "yes");
        _sheets.Workbook.Put(Tab.Title, "A4", 1.5);
        Assert.Equal(2, await FullAsync());
        Assert.Equal((-12.5, true, "12345678901234567890"), (Cell("A2"), Cell("B2"), Cell("A4")));

        object? Cell(string place) => _sheets.Workbook.Cell(Tab.Title, place);
    }

    [Fact]
    public async Task FullSync_WritesOnlyWhatDiffers_AndCountsIt()
    {
        await _sheets.DisposeAsync();
        _sheets = await SheetsHarness.StartAsync(); // a patient one: a call that is made again would be counted
        await SyncAsync(TabSamples.Rows(1, 100));
        var writes = _sheets.Calls("values.batchUpdate");

        Assert.Equal(0, await FullAsync());
        Assert.Equal(writes, _sheets.Calls("values.batchUpdate"));

        _sheets.Workbook.Put(Tab.Title, "A10", "x");
        _sheets.Workbook.Put(Tab.Title, "A50", "x");
        _sheets.Workbook.Put(Tab.Title, "A200", "x");
        Assert.Equal(3, await FullAsync());
        Assert.Equal(writes + 1, _sheets.Calls("values.batchUpdate"));
        AssertSame();
    }

    private static List<IReadOnlyList<string>> Cut(IEnumerable<IEnumerable<string>> rows)
    {
        var cut = rows.Select(row => row.ToList()).Select(row => (IReadOnlyList<string>)row[..(row.FindLastIndex(cell => cell.Length > 0) + 1)]).ToList();
        return cut[..(cut.FindLastIndex(row => row.Count > 0) + 1)];
    }
}
