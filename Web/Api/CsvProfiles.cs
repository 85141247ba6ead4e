using System.Buffers;
using System.Text;
using System.Text.Json;
using CsvHelper;
using OrleansBulk.Ingest;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>Scraped profiles as CSV: a header with id and username, in any order; full_name if it is there; what other columns hold is kept as JSON.</summary>
internal sealed class CsvProfiles : IDisposable
{
    private readonly CsvReader _csv;
    private readonly StagedIngest _into;
    private readonly int _id;
    private readonly int _username;
    private readonly int _fullName;
    private readonly (int Index, JsonEncodedText Name)[] _others;
    private readonly ArrayBufferWriter<byte> _extra = new();
    private readonly Utf8JsonWriter _writer;

    private CsvProfiles(CsvReader csv, StagedIngest into, int id, int username)
    {
        (_csv, _into, _id, _username) = (csv, into, id, username);
        _fullName = csv.TryGetFieldIndex("full_name", out var column) ? column : -1;
        _others = [.. csv.Headers.Select((name, index) => (Index: index, Name: JsonEncodedText.Encode(name)))
            .Where(other => other.Index != id && other.Index != username && other.Index != _fullName && other.Name.EncodedUtf8Bytes.Length > 0)];
        _writer = new Utf8JsonWriter(_extra);
    }

    /// <summary>Reads all of it. The problem is what makes it no CSV of profiles.</summary>
    public static async Task<ProblemAnswer?> ReadAsync(Stream body, StagedIngest into, CancellationToken cancellationToken)
    {
        await using var csv = CsvReader.Create(body, new CsvReaderOptions
        {
            HasHeader = true,
            SkipEmptyLines = true,
            TrackLineNumbers = true,
            MaxRecordSize = ProfileRules.LargestEntry,
            MalformedData = CsvMalformedDataHandling.Throw,
            NormalizeHeaderName = name => name.Trim().ToLowerInvariant(),
        }, leaveOpen: true);
        try
        {
            await csv.ReadHeaderAsync(cancellationToken);
            if (!csv.TryGetFieldIndex("id", out var id) || !csv.TryGetFieldIndex("username", out var username))
            {
                return Problems.BadRequest($"The CSV has no columns id and username in its first line (found: {ProfileWords.Clean(string.Join(", ", csv.Headers))}). Nothing of it was kept.", ("line", 1));
            }

            using var profiles = new CsvProfiles(csv, into, id, username);
            while (await csv.ReadAsync(cancellationToken))
            {
                profiles.Take();
                await into.FlushAsync(cancellationToken);
            }

            return null;
        }
        catch (Exception error) when (error is CsvFormatException or DecoderFallbackException)
        {
            return Problems.BadRequest($"The body is not CSV (near line {Math.Max(1, csv.LineNumber)}): {ProfileWords.Clean(error.Message)} Nothing of it was kept.", ("line", Math.Max(1, csv.LineNumber)));
        }
    }

    public void Dispose() => _writer.Dispose();

    private void Take()
    {
        var id = ProfileRules.Trim(_csv.GetSpan(_id));
        var username = ProfileRules.Trim(_csv.GetSpan(_username));
        var fullName = _fullName < 0 ? default : ProfileRules.Trim(_csv.GetSpan(_fullName));
        if (_csv.FieldCount > _csv.Headers.Count)
        {
            Reject(id, $"line {_csv.LineNumber} has {_csv.FieldCount} columns, more than the header's {_csv.Headers.Count}");
        }
        else if (ProfileRules.WhyInvalid(id, username, fullName) is { } why)
        {
            Reject(id, why);
        }
        else
        {
            _into.Add(id, username, fullName, _others.Length == 0 ? default : Extra());
        }
    }

    private void Reject(ReadOnlySpan<byte> id, string why) => _into.Reject(ProfileRules.WhyInvalid(id, "-"u8, default) is null ? id : default, why);

    private ReadOnlySpan<byte> Extra()
    {
        _extra.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        var some = false;
        foreach (var (index, name) in _others)
        {
            if (_csv.GetSpan(index) is { IsEmpty: false } value)
            {
                _writer.WriteString(name, value);
                some = true;
            }
        }

        _writer.WriteEndObject();
        _writer.Flush();
        return some ? _extra.WrittenSpan : default;
    }
}
