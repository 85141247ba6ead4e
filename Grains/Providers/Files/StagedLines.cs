using System.Text;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers.Files;

/// <summary>Lines of a file on their way into a merge's staging table.</summary>
internal sealed class StagedLines
{
    private const short Columns = 35;

    public const string CopySql = $"""
        COPY provider_staging (line, problem, mark, {ProviderSql.Facts},
            taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status, content_hash) FROM STDIN (FORMAT BINARY)
        """;

    private readonly CopyBuffer _rows = new();

    public int Length => _rows.Length;

    public ReadOnlyMemory<byte> Written => _rows.Written;

    public void Clear() => _rows.Clear();

    public void End() => _rows.End();

    public void Add(long line, LineFacts facts)
    {
        Begin(line, null, facts.IsMark);
        _rows.Long(facts.Npi);
        if (facts.IsMark)
        {
            Nulls(LineFacts.Texts + 6); // with the name, the taxonomies and the first three days
            _rows.Day(facts.DeactivatedOn);
            Nulls(3);
            return;
        }

        _rows.TextOrNull(facts[0]);
        _rows.TextOrNull(facts.Name);
        for (var text = 1; text < LineFacts.Texts; text++)
        {
            _rows.TextOrNull(facts[text]);
        }

        _rows.TextOrNull(facts.Taxonomy);
        _rows.Texts(facts.Taxonomies);
        _rows.Day(facts.EnumeratedOn);
        _rows.Day(facts.LastUpdatedOn);
        _rows.Day(facts.CertifiedOn);
        _rows.Day(facts.DeactivatedOn);
        _rows.Day(facts.ReactivatedOn);
        _rows.Text(facts.Deactivated ? "deactivated"u8 : "active"u8);
        _rows.Long(facts.ContentHash);
    }

    /// <param name="npi">As it stands in the line.</param>
    public void AddRejected(long line, string npi, string problem)
    {
        Begin(line, problem, mark: false);
        Nulls(2);
        _rows.Text(Encoding.UTF8.GetBytes(npi));
        Nulls(Columns - 6);
    }

    private void Begin(long line, string? problem, bool mark)
    {
        _rows.Begin(Columns);
        _rows.Long(line);
        _rows.TextOrNull(Encoding.UTF8.GetBytes(problem ?? ""));
        _rows.Bool(mark);
    }

    private void Nulls(int count)
    {
        for (var column = 0; column < count; column++)
        {
            _rows.Null();
        }
    }
}
