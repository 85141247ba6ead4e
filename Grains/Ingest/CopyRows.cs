using System.Buffers.Binary;
using System.Text;

namespace OrleansBulk.Ingest;

/// <summary>
/// Rows of <c>ingest_staging</c> in the form of a binary COPY, in memory until they are taken. Values go from the body's bytes to PostgreSQL's without ever being strings:
/// receiving would else cost more than everything the database does with it.
/// </summary>
internal sealed class CopyRows
{
    public const string CopySql = "COPY ingest_staging (ord, id, username, full_name, extra, problem) FROM STDIN (FORMAT BINARY)";

    private const short Columns = 6;
    private static readonly byte[] Head = [.. "PGCOPY\n"u8, 0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0]; // signature, flags, no extension

    private byte[] _bytes = new byte[128 * 1024];
    private int _length;

    public CopyRows() => Raw(Head);

    public int Length => _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Clear() => _length = 0;

    public void Add(int ord, ReadOnlySpan<byte> id, ReadOnlySpan<byte> username, ReadOnlySpan<byte> fullName, ReadOnlySpan<byte> extra)
    {
        Begin(ord);
        Text(id);
        Text(username);
        TextOrNull(fullName);
        TextOrNull(extra);
        Null();
    }

    public void AddRejected(int ord, ReadOnlySpan<byte> id, string problem)
    {
        Begin(ord);
        TextOrNull(id);
        Null();
        Null();
        Null();
        Text(Encoding.UTF8.GetBytes(problem));
    }

    public void End() => Short(-1);

    private void Begin(int ord)
    {
        Short(Columns);
        Int(4);
        Int(ord);
    }

    private void TextOrNull(ReadOnlySpan<byte> value)
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

    private void Null() => Int(-1);

    private void Text(ReadOnlySpan<byte> value)
    {
        Int(value.Length);
        Raw(value);
    }

    private void Short(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    private void Int(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

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
