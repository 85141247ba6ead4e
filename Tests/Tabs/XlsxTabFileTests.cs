using DocumentFormat.OpenXml.Packaging;
using DocumentFormat.OpenXml.Validation;
using OrleansBulk.Tabs;

namespace OrleansBulk.Tests.Tabs;

/// <summary>What only workbooks have: kinds of cells, a last row, a package. The rest is in <see cref="TabDestinationConformance"/>.</summary>
public sealed class XlsxTabFileTests : IDisposable
{
    private static readonly TabDefinition Tab = new(
        "kinds", "Kinds", "SELECT 1",
        [new("n", "Number", TabFormat.Number), new("d", "Day", TabFormat.Date), new("t", "Time", TabFormat.Time), new("f", "Flag", TabFormat.Flag), new("x", "Text", TabFormat.Text)], 25, 500);

    private readonly string _folder = TabSamples.Folder();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Cells_AreOfTheKindOfTheirColumn_WhereNothingIsLost()
    {
        var path = await WriteAsync(
            ["-12.50", "2026-01-31", "2026-01-31 12:00:00", "yes", "1"],
            ["007", "1899-01-01", "soon", "maybe", "=1+1"],
            ["12345678901234567890", "", "", "no", "a _x0041_ \u0001 \r\n <b> \uD800 👩‍🚀"]);

        Assert.Equal(["n:-12.50", "n2:46053", "n3:46053.5", "b:1", "inlineStr:1"], Row(2));
        Assert.Equal(["inlineStr:007", "inlineStr:1899-01-01", "inlineStr:soon", "inlineStr:maybe", "inlineStr:=1+1"], Row(3));
        Assert.Equal("inlineStr:12345678901234567890", Workbooks.Raw(path, "A4"));
        Assert.Equal("a _x0041_ \u0001 \r\n <b> \uFFFD 👩‍🚀", Workbooks.Read(path, 5)[3][4]);
        Assert.DoesNotContain(Workbooks.Sheet(path).Descendants(), element => element.Name.LocalName == "f");

        IEnumerable<string> Row(int row) => "ABCDE".Select(column => Workbooks.Raw(path, $"{column}{row}"));
    }

    [Fact]
    public async Task Workbook_IsValid_AndItsHeaderIsFrozen()
    {
        var path = await WriteAsync(["1", "2026-01-31", "2026-01-31 12:00:00", "no", "text"]);

        using var workbook = SpreadsheetDocument.Open(path, isEditable: false);
        Assert.Empty(new OpenXmlValidator().Validate(workbook).Select(error => error.Description));
        var pane = Assert.Single(Workbooks.Sheet(path).Descendants(), element => element.Name.LocalName == "pane");
        Assert.Equal(("1", "frozen"), (pane.Attribute("ySplit")!.Value, pane.Attribute("state")!.Value));
    }

    [Fact]
    public async Task MoreRowsThanASheetHolds_AreRefusedInWords()
    {
        await using var file = new XlsxTabFile(Path.Combine(_folder, "full.xlsx"), Tab, mostRows: 3);
        for (var row = 0; row < 3; row++)
        {
            await file.WriteAsync(["1", "", "", "", ""], CancellationToken.None);
        }

        var error = await Assert.ThrowsAsync<TabFileException>(async () => await file.WriteAsync(["1", "", "", "", ""], CancellationToken.None));

        Assert.Equal("The tab 'kinds' has more rows than a sheet of a workbook holds (3). Narrow its source, or set Tabs:Files:Format to csv.", error.Message);
        Assert.Equal(1_048_576 - 1, XlsxTabFile.MostRows);
    }

    [Fact]
    public async Task RowWithATextLongerThanACell_IsLeftOut_AndTheOthersAreWritten()
    {
        // It was written to a spreadsheet before, which takes more; in the sync it fails and is named.
        var files = new FilesDestination(new FilesOptions { Folder = _folder, Format = "both" });

        await files.PublishAsync(Tab, TabSamples.Stream([new TabRow(1, ["1", "", "", "", new string('x', 40_000)]), new TabRow(2, ["2", "", "", "", "short"])]), CancellationToken.None);

        Assert.Equal(2, (await File.ReadAllLinesAsync(files.PathsOf(Tab)[0])).Length);
        Assert.Equal(files.PathsOf(Tab).Order(), Directory.GetFiles(_folder).Order());
        Assert.Equal(("files-both", 32_767), (files.Name, files.LongestCell));
    }

    [Fact]
    public async Task TextLongerThanACell_IsSaid()
    {
        await using var file = new XlsxTabFile(Path.Combine(_folder, "long.xlsx"), Tab);

        var error = await Assert.ThrowsAsync<TabFileException>(async () => await file.WriteAsync(["1", "", "", "", new string('x', 40_000)], CancellationToken.None));

        Assert.StartsWith("Row 1 of the tab 'kinds', column 'Text': 40,000 characters; a cell of a workbook holds 32,767.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Quiz responses", "Quiz responses")]
    [InlineData("a/b: c?", "a b  c")]
    [InlineData("'quoted'", "quoted")]
    [InlineData("A title of a tab that is longer than a sheet's name", "A title of a tab that is longer")]
    [InlineData("history", "Tab")]
    public void SheetNames_AreMadeFit(string title, string name) => Assert.Equal(name, XlsxTabFile.SheetName(title));

    [Fact]
    public async Task ManyRows_TakeNoMoreMemoryThanAFew()
    {
        var path = Path.Combine(_folder, "many.xlsx");
        await using var file = new XlsxTabFile(path, Tab);
        string[] cells = ["1", "2026-01-31", "", "yes", "somebody with a name and somebody@example.org"];
        await file.WriteAsync(cells, CancellationToken.None);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var row = 0; row < 100_000; row++)
        {
            await file.WriteAsync(cells, CancellationToken.None);
        }

        // Other tests run beside this one; the rows' text alone is 15 MB, as a tree of elements hundreds.
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.True(held < 60_000_000, $"{held / 1e6:0.0} MB more are held after 100,000 rows.");
        await file.EndAsync(CancellationToken.None);
        Assert.InRange(new FileInfo(path).Length, 500_000, 20_000_000);
    }

    private async Task<string> WriteAsync(params string[][] rows)
    {
        var path = Path.Combine(_folder, "Kinds.xlsx");
        await using var file = new XlsxTabFile(path, Tab);
        foreach (var row in rows)
        {
            await file.WriteAsync(row, CancellationToken.None);
        }

        await file.EndAsync(CancellationToken.None);
        return path;
    }
}
