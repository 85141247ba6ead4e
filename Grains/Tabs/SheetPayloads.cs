using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansBulk.Tabs;

/// <summary>Cells of one row of a sheet, side by side from a column on.</summary>
internal sealed record SheetCells(int Row, int Column, IReadOnlyList<SheetCell> Cells);

/// <summary>Bodies of <c>values:batchUpdate</c> that write rows to where they belong, each small enough for one call.</summary>
internal static class SheetPayloads
{
    /// <summary>Google recommends at most 2 MB.</summary>
    public const int MostBytes = 2_000_000;

    private const int Envelope = 64;
    private const int AroundRange = 96; // names of members, columns, rows

    // Legible text is half as long as escaped text; nothing here goes into a page.
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IEnumerable<byte[]> Of(string title, IEnumerable<SheetCells> rows, int mostBytes = MostBytes)
    {
        var range = AroundRange + JsonEncodedText.Encode(title, Writing.Encoder).EncodedUtf8Bytes.Length * 2;
        var blocks = new List<Block>();
        var bytes = Envelope;
        foreach (var piece in rows.SelectMany(row => Pieces(row, mostBytes - Envelope - range)))
        {
            if (blocks.Count > 0 && bytes + piece.Json.Length + range > mostBytes)
            {
                yield return Write(title, blocks);
                blocks.Clear();
                bytes = Envelope;
            }

            if (blocks is [.., var last] && last.IsBefore(piece))
            {
                last.Rows.Add(piece.Json);
                bytes += piece.Json.Length + 1;
            }
            else
            {
                blocks.Add(new Block(piece));
                bytes += piece.Json.Length + range;
            }
        }

        if (blocks.Count > 0)
        {
            yield return Write(title, blocks);
        }
    }

    /// <summary>A row as JSON; one that is too large for a call goes in parts, at worst cell by cell.</summary>
    private static IEnumerable<Piece> Pieces(SheetCells row, int mostBytes)
    {
        var json = Json(row.Cells);
        if (json.Length <= mostBytes || row.Cells.Count == 1)
        {
            return [new Piece(row.Row, row.Column, row.Cells.Count, json)];
        }

        var half = row.Cells.Count / 2;
        return Pieces(new SheetCells(row.Row, row.Column, [.. row.Cells.Take(half)]), mostBytes)
            .Concat(Pieces(new SheetCells(row.Row, row.Column + half, [.. row.Cells.Skip(half)]), mostBytes));
    }

    private static byte[] Json(IReadOnlyList<SheetCell> cells)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartArray();
            foreach (var cell in cells)
            {
                cell.Write(json);
            }

            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Write(string title, List<Block> blocks)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            json.WriteString("valueInputOption", "RAW"); // as it is: anything else would take text for formulas, numbers and dates
            json.WriteStartArray("data");
            foreach (var block in blocks)
            {
                json.WriteStartObject();
                json.WriteString("range", SheetRange.Of(title, block.Row, block.Column, block.Row + block.Rows.Count - 1, block.Column + block.Width - 1));
                json.WriteStartArray("values");
                foreach (var row in block.Rows)
                {
                    json.WriteRawValue(row, skipInputValidation: true);
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private sealed record Piece(int Row, int Column, int Width, byte[] Json);

    /// <summary>Rows below one another: one range.</summary>
    private sealed class Block(Piece first)
    {
        public int Row => first.Row;

        public int Column => first.Column;

        public int Width => first.Width;

        public List<byte[]> Rows { get; } = [first.Json];

        public bool IsBefore(Piece piece) => piece.Row == Row + Rows.Count && piece.Column == Column && piece.Width == Width;
    }
}
