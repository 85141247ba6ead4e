using System.Text.Unicode;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// The lines of an NPPES file, one after the other, with the values of the columns that are wanted and where each line stands. Works on bytes: nothing becomes a string,
/// and runs of empty values, which most of a line is, are passed over at once. Memory is one buffer, whatever the file's size. For one caller at a time.
/// <para>
/// Every value stands in quotes and has none inside (the publisher replaces them); values without quotes, as another program may have written them, are read too. A line
/// that is not so is told with the reason, and reading goes on behind it.
/// </para>
/// </summary>
internal sealed class FileLines
{
    /// <summary>Longer than any line can be: 330 columns of a hundred characters are a thirtieth of it.</summary>
    public const int LongestLine = 1024 * 1024;

    private static readonly byte[] Empties = [.. Enumerable.Repeat("\"\","u8.ToArray(), 330).SelectMany(value => value)];

    private readonly Stream _from;
    private readonly FileColumns _columns;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private byte[] _buffer = new byte[LongestLine];
    private int _at;
    private int _filled;
    private bool _ended;

    /// <param name="from">Stands at the beginning of a line.</param>
    /// <param name="offset">The byte at which it stands, in the file as it is unpacked.</param>
    /// <param name="line">The number of that line; the header is 1.</param>
    public FileLines(Stream from, FileColumns columns, long offset, long line)
    {
        (_from, _columns, Offset, Line) = (from, columns, offset, line);
        (_starts, _lengths) = (new int[columns.Wanted], new int[columns.Wanted]);
        NextLine = line;
    }

    /// <summary>Where the next line begins, in bytes.</summary>
    public long Offset { get; private set; }

    /// <summary>The number of the line that was read last.</summary>
    public long Line { get; private set; }

    /// <summary>The number of the line that begins at <see cref="Offset"/>.</summary>
    public long NextLine { get; private set; }

    /// <summary>Why the line that was read last cannot be used; null when it can.</summary>
    public string? Problem { get; private set; }

    /// <summary>A wanted value of the line that was read last, by its place among <see cref="FileColumns.Wanted"/>; empty where the file has no such column.</summary>
    public ReadOnlySpan<byte> this[int wanted] => _buffer.AsSpan(_starts[wanted], _lengths[wanted]);

    /// <summary>Goes to the next line. False: there is none.</summary>
    /// <exception cref="InvalidDataException">A line is longer than any can be, or what unpacks the file says that it is broken.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryTake() is { } taken)
            {
                return taken;
            }

            await FillAsync(cancellationToken);
        }
    }

    /// <summary>True: a line was taken; false: there is none left; null: more bytes are needed to tell.</summary>
    private bool? TryTake()
    {
        var rest = _buffer.AsSpan(_at, _filled - _at);
        if (rest.IsEmpty)
        {
            return _ended ? false : null;
        }

        Array.Clear(_lengths);
        var read = Split(rest, out var length);
        if (read == Reading.Unfinished)
        {
            if (!_ended && rest.Length < LongestLine)
            {
                return null;
            }

            Problem = "The line ends inside a value: its closing quote is missing.";
        }

        if (Problem is not null)
        {
            length = rest.IndexOf((byte)'\n') + 1; // one line is lost, not what its open quote would take in
            if (length == 0)
            {
                if (!_ended && rest.Length < LongestLine)
                {
                    Problem = null;
                    return null;
                }

                length = _ended ? rest.Length : throw new InvalidDataException($"Line {NextLine} is longer than {LongestLine:N0} bytes: this is not an NPPES file, or it is broken.");
            }
        }

        var line = rest[..length];
        if (line.TrimEnd("\r\n"u8).IsEmpty)
        {
            (_at, Offset, NextLine) = (_at + length, Offset + length, NextLine + 1); // an empty line, as some editors leave at the end
            return TryTake();
        }

        if (Problem is null && (!Utf8.IsValid(line) || line.Contains((byte)0)))
        {
            Problem = "The line is not text in UTF-8.";
        }

        (Line, NextLine) = (NextLine, NextLine + (Problem is null && line[..^1].Contains((byte)'\n') ? line.Count((byte)'\n') : 1));
        _at += length;
        Offset += length;
        return true;
    }

    private enum Reading
    {
        Done,
        Unfinished,
    }

    /// <param name="length">The line's, with its end.</param>
    private Reading Split(ReadOnlySpan<byte> rest, out int length)
    {
        var (at, column) = (0, 0);
        Problem = null;
        length = 0;
        while (true)
        {
            var empties = rest[at..].CommonPrefixLength(Empties) / 3;
            if (empties > 0 && at + (empties * 3) < rest.Length) // what comes last may be cut off: it is read below
            {
                column += empties;
                at += empties * 3;
            }

            if (at >= rest.Length)
            {
                return _ended ? End(column, rest.Length, out length) : Reading.Unfinished;
            }

            int value, end;
            if (rest[at] == '"')
            {
                value = at + 1;
                end = rest[value..].IndexOf((byte)'"');
                if (end < 0)
                {
                    return Reading.Unfinished;
                }

                end += value;
                at = end + 1;
            }
            else
            {
                value = at;
                end = rest[at..].IndexOfAny((byte)',', (byte)'\n');
                if (end < 0 && !_ended)
                {
                    return Reading.Unfinished;
                }

                end = end < 0 ? rest.Length : end + at;
                at = end;
                if (end > value && rest[end - 1] == '\r' && (end == rest.Length || rest[end] == '\n'))
                {
                    end--;
                }
            }

            if (column < _columns.Count && _columns.PlaceOf(column) is >= 0 and var wanted)
            {
                (_starts[wanted], _lengths[wanted]) = (_at + value, end - value);
            }

            column++;
            if (at < rest.Length && rest[at] == ',')
            {
                at++;
                continue;
            }

            if (at < rest.Length && rest[at] == '\r')
            {
                at++;
            }

            if (at >= rest.Length)
            {
                return _ended ? End(column, rest.Length, out length) : Reading.Unfinished;
            }

            if (rest[at] == '\n')
            {
                return End(column, at + 1, out length);
            }

            Problem = $"The value in column {column} has a quote inside, or text behind its closing quote.";
            return Reading.Done;
        }
    }

    private Reading End(int columns, int consumed, out int length)
    {
        length = consumed;
        if (columns != _columns.Count)
        {
            Problem = $"The line has {columns} values; the header names {_columns.Count} columns.";
        }

        return Reading.Done;
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_at > 0)
        {
            _buffer.AsSpan(_at, _filled - _at).CopyTo(_buffer);
            (_filled, _at) = (_filled - _at, 0);
        }

        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2); // a line of the greatest length that is allowed and the beginning of the next
        }

        var read = await _from.ReadAsync(_buffer.AsMemory(_filled), cancellationToken);
        _filled += read;
        _ended = read == 0;
    }
}
