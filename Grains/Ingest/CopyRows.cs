using System.Text;
using OrleansBulk.Storage;

namespace OrleansBulk.Ingest;

/// <summary>Rows of <c>ingest_staging</c> on their way there.</summary>
internal sealed class CopyRows
{
    public const string CopySql = "COPY ingest_staging (ord, id, username, full_name, extra, problem) FROM STDIN (FORMAT BINARY)";

    private const short Columns = 6;

    private readonly CopyBuffer _rows = new();

    public int Length => _rows.Length;

    public ReadOnlyMemory<byte> Written => _rows.Written;

    public void Clear() => _rows.Clear();

    public void Add(int ord, ReadOnlySpan<byte> id, ReadOnlySpan<byte> username, ReadOnlySpan<byte> fullName, ReadOnlySpan<byte> extra)
    {
        _rows.Begin(Columns);
        _rows.Int(ord);
        _rows.Text(id);
        _rows.Text(username);
        _rows.TextOrNull(fullName);
        _rows.TextOrNull(extra);
        _rows.Null();
    }

    public void AddRejected(int ord, ReadOnlySpan<byte> id, string problem)
    {
        _rows.Begin(Columns);
        _rows.Int(ord);
        _rows.TextOrNull(id);
        _rows.Null();
        _rows.Null();
        _rows.Null();
        _rows.Text(Encoding.UTF8.GetBytes(problem));
    }

    public void End() => _rows.End();
}
