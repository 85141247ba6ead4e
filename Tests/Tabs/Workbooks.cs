using System.Globalization;
using System.IO.Compression;
using System.Xml.Linq;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Reads a workbook as a spreadsheet does, by its XML.</summary>
internal static partial class Workbooks
{
    private static readonly XNamespace Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

    /// <summary>Rows as people see them, the empty cells at their ends included.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> Read(string path, int columns) =>
        [.. Sheet(path).Descendants(Main + "row").Select(row => (IReadOnlyList<string>)Cells(row, columns))];

    public static XDocument Sheet(string path)
    {
        using var zip = ZipFile.OpenRead(path);
        using var sheet = zip.GetEntry("xl/worksheets/sheet1.xml")!.Open();
        return XDocument.Load(sheet, LoadOptions.PreserveWhitespace);
    }

    /// <summary>The kind of a cell and what stands in it: <c>n:1.5</c>, <c>inlineStr:text</c>, <c>n2:45000</c> for a number in style 2.</summary>
    public static string Raw(string path, string place)
    {
        var cell = Sheet(path).Descendants(Main + "c").Single(cell => cell.Attribute("r")!.Value == place);
        return $"{cell.Attribute("t")?.Value ?? "n"}{cell.Attribute("s")?.Value}:{cell.Value}";
    }

    private static string[] Cells(XElement row, int columns)
    {
        var cells = Enumerable.Repeat("", columns).ToArray();
        foreach (var cell in row.Elements(Main + "c"))
        {
            var place = cell.Attribute("r")!.Value;
            Assert.EndsWith(row.Attribute("r")!.Value, place, StringComparison.Ordinal);
            var column = place.TakeWhile(char.IsLetter).Aggregate(0, (number, letter) => (number * 26) + letter - 'A' + 1);
            cells[column - 1] = (cell.Attribute("t")?.Value, cell.Attribute("s")?.Value) switch
            {
                ("inlineStr", _) => Unescape(cell.Element(Main + "is")!.Element(Main + "t")!.Value),
                ("b", _) => cell.Value == "1" ? "yes" : "no",
                (null, "2") => DateTime.FromOADate(double.Parse(cell.Value, CultureInfo.InvariantCulture)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
                (null, "3") => DateTime.FromOADate(double.Parse(cell.Value, CultureInfo.InvariantCulture)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                _ => cell.Value,
            };
        }

        return cells;
    }

    private static string Unescape(string text) => Escapes().Replace(text, found => ((char)int.Parse(found.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString());

    [System.Text.RegularExpressions.GeneratedRegex("_x([0-9A-Fa-f]{4})_")]
    private static partial System.Text.RegularExpressions.Regex Escapes();
}
