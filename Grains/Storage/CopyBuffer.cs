using System.Buffers.Binary;

namespace OrleansBulk.Storage;

/// <summary>
/// Rows in the form of a binary COPY, in memory until they are taken. Values go from one side's bytes to PostgreSQL's without ever being strings: making them would
/// cost more than everything the database does with them.
/// </summary>
internal sealed class CopyBuffer
{
    private static readonly byte[] Head = [.. "PGCOPY\n"u8, 0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0]; // signature, flags, no extension
    private static readonly DateOnly DayZero = new(2000, 1, 1);
    private const int TextType = 25;

    private byte[] _bytes = new byte[128 * 1024];
    private int _length;

    public CopyBuffer() => Raw(Head);

    public int Length => _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Clear() => _length = 0;

    /// <summary>Begins a row of so many columns.</summary>
    public void Begin(short columns) => BinaryPrimitives.WriteInt16BigEndian(Take(2), columns);

    /// <summary>No more rows.</summary>
    public void End() => Begin(-1);

    public void Null() => Number(-1);

    public void Int(int value)
    {
        Number(4);
        Number(value);
    }

    public void Long(long value)
    {
        Number(8);
        BinaryPrimitives.WriteInt64BigEndian(Take(8), value);
    }

    public void Bool(bool value)
    {
        Number(1);
        Take(1)[0] = value ? (byte)1 : (byte)0;
    }

    public void Day(DateOnly? value)
    {
        if (value is { } day)
        {
            Int(day.DayNumber - DayZero.DayNumber);
        }
        else
        {
            Null();
        }
    }

    public void Text(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        Raw(value);
    }

    public void TextOrNull(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            Null();
        }
        else
        {
            Text(value);
        }
    }

    /// <summary>An array of texts that are given in one, with commas between them; none when it is empty.</summary>
    public void Texts(ReadOnlySpan<byte> joined)
    {
        var count = joined.IsEmpty ? 0 : joined.Count((byte)',') + 1;
        Number(count == 0 ? 12 : 20 + (count * 4) + joined.Length - (count - 1));
        Number(count == 0 ? 0 : 1); // dimensions
        Number(0); // no nulls
        Number(TextType);
        if (count == 0)
        {
            return;
        }

        Number(count);
        Number(1); // the first index
        foreach (var part in joined.Split((byte)','))
        {
            Text(joined[part]);
        }
    }

    private void Number(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    private void Raw(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
