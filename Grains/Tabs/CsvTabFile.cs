using System.Text;

namespace OrleansBulk.Tabs;

/// <summary>CSV as RFC 4180 has it, in UTF-8 without a mark. What looks like a formula has an apostrophe before it.</summary>
internal sealed class CsvTabFile : TabFile
{
    private const int Block = 1 << 16; // characters that are written at once
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly TabDefinition _tab;
    private readonly FileStream _stream;
    private readonly StreamWriter _writer;
    private readonly StringBuilder _block;

    public CsvTabFile(string path, TabDefinition tab)
    {
        _tab = tab;
        _stream = Create(path, FileOptions.Asynchronous);
        _writer = new StreamWriter(_stream, Utf8);
        _block = new StringBuilder(CsvText.Line([.. tab.Columns.Select(column => column.Title)]));
    }

    public override async ValueTask WriteAsync(IReadOnlyList<string> cells, CancellationToken cancellationToken)
    {
        for (var column = 0; column < _tab.Columns.Count; column++)
        {
            var cell = CellOf(cells, column);
            _block.Append(column == 0 ? "" : ",").Append(_tab.Columns[column].Format == TabFormat.Number && TabNumber.Is(cell) ? cell : CsvText.Cell(cell)); // -5 begins like a formula and is none
        }

        _block.Append("\r\n");
        if (_block.Length >= Block)
        {
            await _writer.WriteAsync(_block, cancellationToken);
            _block.Clear();
        }
    }

    public override async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        await _writer.WriteAsync(_block, cancellationToken);
        await _writer.FlushAsync(cancellationToken);

        // On the disk before it takes the old one's place: after a power failure there must be no empty file under the name.
        _stream.Flush(flushToDisk: true);
    }

    public override ValueTask DisposeAsync() => _writer.DisposeAsync();
}
