using System.Buffers;
using System.Globalization;
using System.IO.Packaging;
using System.Text;
using DocumentFormat.OpenXml;
using DocumentFormat.OpenXml.Spreadsheet;

namespace OrleansBulk.Tabs;

/// <summary>
/// A workbook with one sheet, its header frozen. It is streamed: the package is opened for writing alone, so that nothing but the row at hand is in memory. Texts are inline
/// texts, which no spreadsheet takes for formulas; numbers, days, times and flags are such by the format of their column, where nothing of them is lost.
/// </summary>
internal sealed class XlsxTabFile : TabFile
{
    /// <summary>What a sheet holds, but for the header.</summary>
    public const int MostRows = 1_048_575;

    /// <summary>What a cell holds.</summary>
    public const int LongestCell = 32_767;

    private const int LongestSheetName = 31;
    private const string Main = "application/vnd.openxmlformats-officedocument.spreadsheetml.";
    private const string Relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private static readonly DateTime FirstDay = new(1900, 3, 1, 0, 0, 0, DateTimeKind.Unspecified); // before it, days are counted otherwise by different programs

    // What repeats in every cell; a writer only reads these.
    private static readonly Row RowMark = new();
    private static readonly Cell CellMark = new();
    private static readonly CellValue ValueMark = new();
    private static readonly InlineString InlineMark = new();
    private static readonly Text TextMark = new() { Space = SpaceProcessingModeValues.Preserve };
    private static readonly OpenXmlAttribute IsText = new("t", "", "inlineStr");
    private static readonly OpenXmlAttribute IsFlag = new("t", "", "b");

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly TabDefinition _tab;
    private readonly int _mostRows;
    private readonly FileStream _stream;
    private readonly Package _package;
    private readonly PackagePart _sheet;
    private readonly Stream _sheetStream;
    private readonly OpenXmlWriter _writer;
    private int _rows; // the header too

    public XlsxTabFile(string path, TabDefinition tab, int mostRows = MostRows)
    {
        (_tab, _mostRows) = (tab, mostRows);
        _stream = Create(path, FileOptions.None); // a package is written synchronously, from a buffer
        _package = Package.Open(_stream, FileMode.Create, FileAccess.Write);
        _sheet = Part("/xl/worksheets/sheet1.xml", "worksheet+xml");
        _sheetStream = _sheet.GetStream(FileMode.Create, FileAccess.Write);
        _writer = OpenXmlWriter.Create(_sheetStream);
        _writer.WriteStartDocument();
        _writer.WriteStartElement(new Worksheet());
        _writer.WriteElement(new SheetViews(new SheetView(
            new Pane { VerticalSplit = 1, TopLeftCell = "A2", ActivePane = PaneValues.BottomLeft, State = PaneStateValues.Frozen }) { WorkbookViewId = 0 }));
        _writer.WriteStartElement(new SheetData());
        WriteRow([.. tab.Columns.Select(column => column.Title)], isHeader: true);
    }

    public override ValueTask WriteAsync(IReadOnlyList<string> cells, CancellationToken cancellationToken)
    {
        if (_rows > _mostRows)
        {
            throw new TabFileException($"The tab '{_tab.Name}' has more rows than a sheet of a workbook holds ({_mostRows:N0}). Narrow its source, or set Tabs:Files:Format to csv.");
        }

        WriteRow(cells, isHeader: false);
        return ValueTask.CompletedTask;
    }

    public override ValueTask EndAsync(CancellationToken cancellationToken)
    {
        _writer.WriteEndElement();
        _writer.WriteEndElement();
        _writer.Close();
        _sheetStream.Dispose(); // a package is written part by part

        var styles = Part("/xl/styles.xml", "styles+xml");
        Write(styles, Styles());
        var book = Part("/xl/workbook.xml", "sheet.main+xml");
        Write(book, new Workbook(new Sheets(new Sheet { Name = SheetName(_tab.Title), SheetId = 1, Id = "rId1" })));
        book.CreateRelationship(_sheet.Uri, TargetMode.Internal, $"{Relations}/worksheet", "rId1");
        book.CreateRelationship(styles.Uri, TargetMode.Internal, $"{Relations}/styles", "rId2");
        _package.CreateRelationship(book.Uri, TargetMode.Internal, $"{Relations}/officeDocument", "rId1");
        _package.Close();
        _stream.Flush(flushToDisk: true);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync(); // of half a file nothing else is worth writing
    }

    /// <summary>A sheet's name has 31 characters at most, and fewer of them are allowed than in a title.</summary>
    internal static string SheetName(string title)
    {
        var name = new string([.. title.Select(letter => char.IsControl(letter) || "[]:*?/\\".Contains(letter, StringComparison.Ordinal) ? ' ' : letter)]);
        name = (name.Length > LongestSheetName ? name[..(char.IsHighSurrogate(name[LongestSheetName - 1]) ? LongestSheetName - 1 : LongestSheetName)] : name).Trim(' ', '\'');
        return name.Length == 0 || name.Equals("History", StringComparison.OrdinalIgnoreCase) ? "Tab" : name;
    }

    /// <summary>A text as XML takes it and as spreadsheets read it: what cannot stand in XML is written as <c>_xHHHH_</c>, and so is what looks like that.</summary>
    internal static string Escape(string text)
    {
        var needs = false;
        for (var i = 0; i < text.Length && !needs; i++)
        {
            needs = text[i] is < ' ' and not '\n' and not '\t' or '\uFFFE' or '\uFFFF' || char.IsSurrogate(text[i]) || IsEscape(text, i);
        }

        if (!needs)
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var letter = text[i];
            if (char.IsSurrogatePair(text, i))
            {
                escaped.Append(letter).Append(text[++i]);
            }
            else if (char.IsSurrogate(letter))
            {
                escaped.Append('\uFFFD'); // half a letter
            }
            else if (letter is < ' ' and not '\n' and not '\t' or '\uFFFE' or '\uFFFF')
            {
                escaped.Append(CultureInfo.InvariantCulture, $"_x{(int)letter:X4}_");
            }
            else
            {
                escaped.Append(IsEscape(text, i) ? "_x005F_" : letter.ToString());
            }
        }

        return escaped.ToString();
    }

    private static bool IsEscape(string text, int at) =>
        text[at] == '_' && at + 6 < text.Length && text[at + 1] == 'x' && text[at + 6] == '_' && !text.AsSpan(at + 2, 4).ContainsAnyExcept(HexDigits);

    private void WriteRow(IReadOnlyList<string> cells, bool isHeader)
    {
        _rows++;
        _writer.WriteStartElement(RowMark, [new OpenXmlAttribute("r", "", _rows.ToString(CultureInfo.InvariantCulture))]);
        for (var column = 0; column < _tab.Columns.Count; column++)
        {
            if (CellOf(cells, column) is { Length: > 0 } cell)
            {
                WriteCell(new OpenXmlAttribute("r", "", SheetRange.Column(column + 1) + _rows.ToString(CultureInfo.InvariantCulture)), cell, isHeader ? null : _tab.Columns[column]);
            }
        }

        _writer.WriteEndElement();
    }

    /// <param name="column">Null: of the header.</param>
    private void WriteCell(OpenXmlAttribute place, string text, TabColumn? column)
    {
        switch (column?.Format)
        {
            case TabFormat.Number when TabNumber.IsExact(text):
                WriteValue([place], text);
                break;
            case TabFormat.Flag when text is "yes" or "no":
                WriteValue([place, IsFlag], text == "yes" ? "1" : "0");
                break;
            case TabFormat.Date when DateTime.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day >= FirstDay:
                WriteValue([place, Style(2)], day.ToOADate().ToString(CultureInfo.InvariantCulture));
                break;
            case TabFormat.Time when DateTime.TryParseExact(text, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) && time >= FirstDay:
                WriteValue([place, Style(3)], time.ToOADate().ToString(CultureInfo.InvariantCulture));
                break;
            default:
                WriteText(column is null ? [place, IsText, Style(1)] : [place, IsText], text, column);
                break;
        }
    }

    private void WriteValue(IEnumerable<OpenXmlAttribute> attributes, string value)
    {
        _writer.WriteStartElement(CellMark, attributes);
        _writer.WriteStartElement(ValueMark);
        _writer.WriteString(value);
        _writer.WriteEndElement();
        _writer.WriteEndElement();
    }

    private void WriteText(IEnumerable<OpenXmlAttribute> attributes, string text, TabColumn? column)
    {
        if (text.Length > LongestCell)
        {
            throw new TabFileException(
                $"Row {_rows - 1:N0} of the tab '{_tab.Name}', column '{column?.Title}': {text.Length:N0} characters; a cell of a workbook holds {LongestCell:N0}. Shorten the text, or set Tabs:Files:Format to csv.");
        }

        _writer.WriteStartElement(CellMark, attributes);
        _writer.WriteStartElement(InlineMark);
        _writer.WriteStartElement(TextMark);
        _writer.WriteString(Escape(text));
        _writer.WriteEndElement();
        _writer.WriteEndElement();
        _writer.WriteEndElement();
    }

    private static OpenXmlAttribute Style(int number) => new("s", "", number.ToString(CultureInfo.InvariantCulture));

    /// <summary>0 as it is, 1 the header, 2 days, 3 times.</summary>
    private static Stylesheet Styles() => new(
        new NumberingFormats(new NumberingFormat { NumberFormatId = 164, FormatCode = "yyyy\\-mm\\-dd" }, new NumberingFormat { NumberFormatId = 165, FormatCode = "yyyy\\-mm\\-dd\\ hh:mm:ss" }),
        new Fonts(new Font(), new Font(new Bold())),
        new Fills(new Fill(new PatternFill { PatternType = PatternValues.None }), new Fill(new PatternFill { PatternType = PatternValues.Gray125 })),
        new Borders(new Border()),
        new CellStyleFormats(new CellFormat()),
        new CellFormats(
            new CellFormat(), new CellFormat { FontId = 1, ApplyFont = true }, new CellFormat { NumberFormatId = 164, ApplyNumberFormat = true }, new CellFormat { NumberFormatId = 165, ApplyNumberFormat = true }));

    private PackagePart Part(string uri, string kind) => _package.CreatePart(new Uri(uri, UriKind.Relative), Main + kind, CompressionOption.Fast);

    private static void Write(PackagePart part, OpenXmlElement root)
    {
        using var stream = part.GetStream(FileMode.Create, FileAccess.Write);
        using var writer = OpenXmlWriter.Create(stream);
        writer.WriteStartDocument();
        writer.WriteElement(root);
    }
}
