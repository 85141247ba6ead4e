using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.CodingProfiles;

/// <summary>Writes the part of an answer that has no column of its own as one JSON object. What the platform did not say is left out.</summary>
internal sealed class ProfileDetails : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(512);
    private readonly Utf8JsonWriter _writer;

    public ProfileDetails()
    {
        _writer = new Utf8JsonWriter(_buffer);
        _writer.WriteStartObject();
    }

    /// <summary>Writes a text that <see cref="ProfileText"/> has cleaned.</summary>
    public ProfileDetails Text(string name, string? value)
    {
        if (value is not null)
        {
            _writer.WriteString(name, value);
        }

        return this;
    }

    public ProfileDetails Number(string name, double? value)
    {
        if (value is { } number)
        {
            _writer.WriteNumber(name, number);
        }

        return this;
    }

    public ProfileDetails Moment(string name, DateTimeOffset? value)
    {
        if (value is { } moment)
        {
            _writer.WriteString(name, moment.UtcDateTime);
        }

        return this;
    }

    public ProfileDetails Texts(string name, IEnumerable<string?> values)
    {
        var some = values.OfType<string>().Take(100).ToList();
        if (some.Count > 0)
        {
            _writer.WriteStartArray(name);
            some.ForEach(_writer.WriteStringValue);
            _writer.WriteEndArray();
        }

        return this;
    }

    public ProfileDetails Numbers(string name, IEnumerable<KeyValuePair<string, double>> values)
    {
        var some = values.Take(400).ToList();
        if (some.Count > 0)
        {
            _writer.WriteStartObject(name);
            some.ForEach(pair => _writer.WriteNumber(pair.Key, pair.Value));
            _writer.WriteEndObject();
        }

        return this;
    }

    public string ToJson()
    {
        _writer.WriteEndObject();
        _writer.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    public void Dispose() => _writer.Dispose();
}
