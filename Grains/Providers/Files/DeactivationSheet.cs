using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Xml;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// The deactivation list as it is published: a workbook (xlsx) whose first sheet has a column with NPIs and one with days. It is written out as CSV of the same lines, so that
/// one way of loading serves both.
/// </summary>
internal static class DeactivationSheet
{
    private const string Sheet = "xl/worksheets/sheet1.xml";
    private const string Texts = "xl/sharedStrings.xml";
    private const int MostTexts = 5_000_000;
    private const int LongestText = 32_767; // a cell of a workbook has no more
    private const long MostTextCharacters = 128L * 1024 * 1024; // kept in memory: 256 MiB
    private const long MostCharacters = 512L * 1024 * 1024; // of a part of the workbook, unpacked; the list of all years has a tenth of it

    /// <summary>A larger workbook is no deactivation list.</summary>
    public const long MostBytes = 256L * 1024 * 1024;

    private static readonly XmlReaderSettings Safe = new()
    {
        Async = true, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreWhitespace = false, MaxCharactersFromEntities = 1024, MaxCharactersInDocument = MostCharacters,
    };

    private static readonly DateOnly DayZero = new(1899, 12, 30); // spreadsheets count days from here

    public static bool IsWorkbook(ZipArchive zip) => zip.GetEntry(Sheet) is not null;

    /// <summary>Writes the workbook's rows as CSV: the header first, then NPI and day.</summary>
    /// <exception cref="NotNppesFileException">The workbook is broken, or no row of it names a column NPI.</exception>
    public static async Task WriteCsvAsync(Stream workbook, Stream csv, CancellationToken cancellationToken)
    {
        try
        {
            await using var zip = await ZipArchive.CreateAsync(workbook, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellationToken);
            var texts = zip.GetEntry(Texts) is { } shared ? await ReadTextsAsync(shared, cancellationToken) : [];
            await using var sheet = await (zip.GetEntry(Sheet) ?? throw new NotNppesFileException("The workbook has no first sheet.")).OpenAsync(cancellationToken);
            await using var writer = new StreamWriter(csv, new UTF8Encoding(false), 64 * 1024, leaveOpen: true) { NewLine = "\n" };
            await WriteAsync(sheet, texts, writer, cancellationToken);
        }
        catch (Exception error) when (error is XmlException or InvalidDataException)
        {
            throw new NotNppesFileException($"The deactivation list cannot be read: {error.Message.TrimEnd('.')}. Fetch it again.", error);
        }
    }

    private static async Task WriteAsync(Stream sheet, List<string> texts, StreamWriter writer, CancellationToken cancellationToken)
    {
        using var xml = XmlReader.Create(sheet, Safe);
        var (npi, day) = (-1, -1);
        var cells = new List<string>();
        while (await xml.ReadAsync())
        {
            if (xml is not { NodeType: XmlNodeType.Element, LocalName: "row" })
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            await ReadRowAsync(xml, texts, cells);
            if (npi < 0)
            {
                npi = cells.FindIndex(cell => cell.Trim().Equals("NPI", StringComparison.OrdinalIgnoreCase)); // a title stands above the header
                day = cells.FindIndex(cell => cell.Contains("Deactivation Date", StringComparison.OrdinalIgnoreCase));
                if (npi >= 0 && day >= 0)
                {
                    await writer.WriteLineAsync("\"NPI\",\"NPPES Deactivation Date\"");
                }
                else
                {
                    npi = -1;
                }
            }
            else if (Cell(cells, npi) is { Length: > 0 } number)
            {
                await writer.WriteLineAsync($"\"{number}\",\"{Day(Cell(cells, day))}\"");
            }
        }

        if (npi < 0)
        {
            throw new NotNppesFileException("This workbook is not the deactivation list of NPPES: its first sheet has no columns 'NPI' and 'NPPES Deactivation Date'.");
        }
    }

    private static async Task ReadRowAsync(XmlReader xml, List<string> texts, List<string> cells)
    {
        cells.Clear();
        if (xml.IsEmptyElement)
        {
            return;
        }

        var depth = xml.Depth;
        var (type, column, value) = ("", 0, false);
        while (await xml.ReadAsync() && xml.Depth > depth)
        {
            if (xml.NodeType == XmlNodeType.Element)
            {
                if (xml.LocalName == "c")
                {
                    type = xml.GetAttribute("t") ?? "";
                    column = ColumnOf(xml.GetAttribute("r")) ?? column + 1;
                    while (cells.Count < column && column <= 64)
                    {
                        cells.Add("");
                    }
                }

                value = xml.LocalName is "v" or "t";
            }
            else if (xml.NodeType == XmlNodeType.Text && value && column is >= 1 and <= 64)
            {
                var text = await ReadTextAsync(xml);
                cells[column - 1] += type == "s" && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place < texts.Count ? texts[place] : text;
            }
        }
    }

    private static async Task<List<string>> ReadTextsAsync(ZipArchiveEntry shared, CancellationToken cancellationToken)
    {
        await using var stream = await shared.OpenAsync(cancellationToken);
        using var xml = XmlReader.Create(stream, Safe);
        var texts = new List<string>();
        StringBuilder? text = null;
        var inside = false;
        var kept = 0L;
        while (await xml.ReadAsync())
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element when xml.LocalName == "si" && texts.Count < MostTexts:
                    text = new StringBuilder();
                    if (xml.IsEmptyElement)
                    {
                        texts.Add("");
                    }

                    break;
                case XmlNodeType.Element:
                    inside = xml.LocalName == "t";
                    break;
                case XmlNodeType.Text when inside && text is not null:
                    text.Append(await ReadTextAsync(xml));
                    if ((kept += text.Length) > MostTextCharacters || text.Length > LongestText)
                    {
                        throw TooLarge();
                    }

                    break;
                case XmlNodeType.EndElement when xml.LocalName == "si" && text is not null:
                    texts.Add(text.ToString());
                    text = null;
                    break;
                case XmlNodeType.EndElement:
                    inside = false;
                    break;
            }
        }

        return texts;
    }

    /// <summary>The text where the reader is, piece by piece: one that is too long never stands in memory.</summary>
    private static async Task<string> ReadTextAsync(XmlReader xml)
    {
        var text = new StringBuilder();
        var piece = new char[512];
        int read;
        while ((read = await xml.ReadValueChunkAsync(piece, 0, piece.Length)) > 0)
        {
            if (text.Length + read > LongestText)
            {
                throw TooLarge();
            }

            text.Append(piece, 0, read);
        }

        return text.ToString();
    }

    private static NotNppesFileException TooLarge() => new("The workbook holds more text than the deactivation list of NPPES has. Fetch it again.");

    private static string Cell(List<string> cells, int column) => column < cells.Count ? cells[column].Trim().Replace("\"", "'", StringComparison.Ordinal) : "";

    /// <summary>A day as the provider file writes it: a spreadsheet holds either the text or the number of the day.</summary>
    private static string Day(string cell) => double.TryParse(cell, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number is > 1 and < 2_000_000
        ? DayZero.AddDays((int)number).ToString("MM/dd/yyyy", CultureInfo.InvariantCulture)
        : cell;

    /// <summary>B7 stands in the second column.</summary>
    private static int? ColumnOf(string? reference)
    {
        var column = 0;
        foreach (var letter in reference ?? "")
        {
            if (!char.IsAsciiLetterUpper(letter))
            {
                break;
            }

            column = Math.Min((column * 26) + letter - 'A' + 1, 10_000);
        }

        return column > 0 ? column : null;
    }
}
