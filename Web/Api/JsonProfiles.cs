using System.Buffers;
using System.Text.Json;
using OrleansBulk.Ingest;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Api;

/// <summary>
/// Scraped profiles as JSON: one object whose member <c>profiles</c> is the list, or NDJSON (<paramref name="lines"/>). Read entry by entry from a buffer that never
/// holds more than one entry and a block; an entry that is not complete yet is begun again when more of it is there.
/// </summary>
internal sealed class JsonProfiles(StagedIngest into, bool lines)
{
    private const int BlockBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _texts = new();
    private readonly ArrayBufferWriter<byte> _extra = new();
    private byte[] _buffer = new byte[2 * BlockBytes];
    private int _filled;
    private Place _place = lines ? Place.Entries : Place.Start;
    private bool _seen;

    private enum Place
    {
        Start,
        Members,
        Entries,
        End,
    }

    /// <summary>Reads all of it. The problem is what makes it no JSON of profiles.</summary>
    /// <exception cref="JsonException">It is no JSON at all.</exception>
    public async Task<ProblemAnswer?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        var state = new JsonReaderState(new JsonReaderOptions { AllowMultipleValues = lines, MaxDepth = 32 });
        var first = true;
        while (true)
        {
            var read = await body.ReadAsync(_buffer.AsMemory(_filled), cancellationToken);
            _filled += read;
            if (first && _filled < 3 && read > 0)
            {
                continue; // not enough to tell a byte order mark by
            }

            var from = first && _buffer.AsSpan(0, _filled).StartsWith("\ufeff"u8) ? 3 : 0;
            first = false;
            var (problem, consumed) = Parse(_buffer.AsSpan(from, _filled - from), last: read == 0, ref state);
            if (problem is not null)
            {
                return problem;
            }

            await into.FlushAsync(cancellationToken);
            if (read == 0)
            {
                return _place == Place.End || lines ? null : NoProfiles();
            }

            Keep(from + consumed);
        }
    }

    private void Keep(int consumed)
    {
        _buffer.AsSpan(consumed, _filled - consumed).CopyTo(_buffer);
        _filled -= consumed;
        if (_buffer.Length - _filled < BlockBytes)
        {
            if (_filled > ProfileRules.LargestEntry)
            {
                throw new InvalidDataException($"The entry has more than {ProfileRules.LargestEntry:N0} bytes.");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private (ProblemAnswer? Problem, int Consumed) Parse(ReadOnlySpan<byte> bytes, bool last, ref JsonReaderState state)
    {
        var reader = new Utf8JsonReader(bytes, last, state);
        var whole = reader; // behind the last thing that was complete
        while (Step(ref reader, bytes, out var problem))
        {
            if (problem is not null)
            {
                return (problem, 0);
            }

            whole = reader;
        }

        state = whole.CurrentState;
        return (null, (int)whole.BytesConsumed);
    }

    /// <summary>Reads the next member, entry or bracket; false when it is not complete.</summary>
    private bool Step(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes, out ProblemAnswer? problem)
    {
        problem = null;
        if (!reader.Read())
        {
            return false;
        }

        switch (_place)
        {
            case Place.Start:
                problem = reader.TokenType == JsonTokenType.StartObject ? null : NoProfiles();
                _place = Place.Members;
                return true;
            case Place.Members when reader.TokenType == JsonTokenType.EndObject:
                problem = _seen ? null : NoProfiles();
                _place = Place.End;
                return true;
            case Place.Members:
                return Member(ref reader, out problem);
            case Place.Entries when reader.TokenType == JsonTokenType.EndArray && !lines:
                _place = Place.Members;
                return true;
            case Place.Entries:
                return Entry(ref reader, bytes);
            default:
                return true;
        }
    }

    private bool Member(ref Utf8JsonReader reader, out ProblemAnswer? problem)
    {
        problem = null;
        var isProfiles = reader.ValueTextEquals("profiles"u8);
        if (!isProfiles)
        {
            return reader.TrySkip(); // what else the sender tells is of no use here
        }

        if (!reader.Read())
        {
            return false;
        }

        problem = reader.TokenType != JsonTokenType.StartArray || _seen ? NoProfiles() : null;
        (_seen, _place) = (true, Place.Entries);
        return true;
    }

    private bool Entry(ref Utf8JsonReader reader, ReadOnlySpan<byte> bytes)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            if (!reader.TrySkip())
            {
                return false;
            }

            into.Reject(default, "it is not an object {id, username, full_name}");
            return true;
        }

        var entry = new Fields();
        _texts.ResetWrittenCount();
        _extra.ResetWrittenCount();
        var depth = reader.CurrentDepth;
        while (true)
        {
            if (!reader.Read())
            {
                return false; // whatever was read last, maybe the bracket that ends a value in this entry
            }

            if (reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth)
            {
                Take(entry);
                return true;
            }

            var start = (int)reader.TokenStartIndex;
            var known = reader.ValueTextEquals("id"u8) ? 0 : reader.ValueTextEquals("username"u8) ? 1 : reader.ValueTextEquals("full_name"u8) ? 2 : -1;
            var good = IsText(ref reader);
            if (!reader.Read() || (known < 0 ? !Other(ref reader, ref good) : !Known(ref reader, known, ref entry)))
            {
                return false;
            }

            if (known < 0)
            {
                entry.Why ??= good ? null : HalfCharacter;
                _extra.Write(_extra.WrittenCount == 0 ? "{"u8 : ","u8);
                _extra.Write(bytes[start..(int)reader.BytesConsumed]);
            }
        }
    }

    private const string HalfCharacter = "a text in it has a NUL, or half a character (an escape from \\ud800 to \\udfff without the one that belongs to it)";

    /// <summary>Notes one of the three members that are known; false when it is not complete.</summary>
    private bool Known(ref Utf8JsonReader reader, int member, ref Fields entry)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            entry.Why ??= NoText(member);
            return reader.TrySkip();
        }

        if (reader.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (reader.TokenType != JsonTokenType.String && !(member == 0 && reader.TokenType == JsonTokenType.Number))
        {
            entry.Why ??= NoText(member);
            return true;
        }

        if (!IsText(ref reader))
        {
            entry.Why ??= HalfCharacter;
            return true;
        }

        var from = _texts.WrittenCount;
        var length = reader.TokenType == JsonTokenType.String ? reader.CopyString(_texts.GetSpan(reader.ValueSpan.Length + 1)) : Raw(reader.ValueSpan);
        if (reader.TokenType == JsonTokenType.String)
        {
            _texts.Advance(length);
        }

        entry.Set(member, from, length);
        return true;
    }

    private int Raw(ReadOnlySpan<byte> value)
    {
        _texts.Write(value);
        return value.Length;
    }

    private static string NoText(int member) => member switch { 0 => "id must be a text or a number", 1 => "username must be a text", _ => "full_name must be a text" };

    /// <summary>Passes over any other member's value; false when it is not complete.</summary>
    private static bool Other(ref Utf8JsonReader reader, ref bool good)
    {
        var depth = reader.CurrentDepth;
        good &= IsText(ref reader);
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return true;
        }

        while (reader.Read())
        {
            good &= IsText(ref reader);
            if (reader.CurrentDepth == depth && reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>False for a text that PostgreSQL would not take: escapes can name what is no character.</summary>
    private static bool IsText(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped || reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return true;
        }

        try
        {
            return !reader.GetString()!.Contains('\0');
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void Take(in Fields entry)
    {
        var texts = _texts.WrittenSpan;
        var id = ProfileRules.Trim(entry.Of(0, texts));
        var username = ProfileRules.Trim(entry.Of(1, texts));
        var fullName = ProfileRules.Trim(entry.Of(2, texts));
        if (_extra.WrittenCount > 0)
        {
            _extra.Write("}"u8);
        }

        if ((entry.Why ?? ProfileRules.WhyInvalid(id, username, fullName)) is { } why)
        {
            into.Reject(ProfileRules.WhyInvalid(id, "-"u8, default) is null ? id : default, why);
        }
        else
        {
            into.Add(id, username, fullName, _extra.WrittenSpan);
        }
    }

    private static ProblemAnswer NoProfiles() => Problems.BadRequest("The body must be one JSON object whose member profiles is the list: {\"profiles\": [{\"id\", \"username\", \"full_name\"}, …]}. Nothing of it was kept.", ("index", 0));

    /// <summary>Where the known members of an entry are among its texts.</summary>
    private struct Fields
    {
        private (int From, int Length) _id;
        private (int From, int Length) _username;
        private (int From, int Length) _fullName;

        /// <summary>Why the entry is not taken.</summary>
        public string? Why { get; set; }

        public void Set(int member, int from, int length)
        {
            switch (member)
            {
                case 0:
                    _id = (from, length);
                    break;
                case 1:
                    _username = (from, length);
                    break;
                default:
                    _fullName = (from, length);
                    break;
            }
        }

        public readonly ReadOnlySpan<byte> Of(int member, ReadOnlySpan<byte> texts)
        {
            var (from, length) = member switch { 0 => _id, 1 => _username, _ => _fullName };
            return texts.Slice(from, length);
        }
    }
}
