using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Jobs;

/// <summary>
/// A run of at most <see cref="MaxItems"/> consecutive items: what is stored, claimed and committed. Owned by the pump of the job's present epoch.
/// </summary>
public sealed class Chunk
{
    public const int MaxItems = 500;

    private readonly char[] _outcomes;

    private Chunk(int no, long firstOrdinal, char[] outcomes)
    {
        No = no;
        FirstOrdinal = firstOrdinal;
        _outcomes = outcomes;
        Items = [];
    }

    public int No { get; }

    public long FirstOrdinal { get; }

    /// <summary>The items that were pending when the chunk was claimed.</summary>
    public IReadOnlyList<Item> Items { get; private set; }

    /// <summary>Items whose outcome is not committed yet. Written by the pump.</summary>
    public int Open { get; set; }

    /// <summary>One letter per item (see <see cref="OutcomeLetter"/>): what is committed, and what the commit under way writes. Written by the committer.</summary>
    public string Outcomes => new(_outcomes);

    /// <summary>Writes down an outcome that goes into the next commit. Each item has exactly one.</summary>
    public void Settle(int index, char letter)
    {
        if (_outcomes[index] != OutcomeLetter.Pending)
        {
            throw new InvalidOperationException($"Item {FirstOrdinal + index} of chunk {No} has the outcome '{_outcomes[index]}' already; '{letter}' came as a second one.");
        }

        _outcomes[index] = letter;
    }

    /// <summary>Reads a stored chunk: items as <c>[[key, data?], …]</c>, outcomes as letters.</summary>
    /// <exception cref="FormatException">The two do not fit each other.</exception>
    public static Chunk Read(int no, long firstOrdinal, ReadOnlySpan<byte> items, string outcomes)
    {
        var chunk = new Chunk(no, firstOrdinal, outcomes.ToCharArray());
        var pending = new List<Item>(outcomes.Length);
        var reader = new Utf8JsonReader(items);
        var index = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            var key = reader.GetString()!;
            string? data = null;
            if (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                data = Encoding.UTF8.GetString(items[start..(int)reader.BytesConsumed]);
                reader.Read();
            }

            if (index < outcomes.Length && outcomes[index] == OutcomeLetter.Pending)
            {
                pending.Add(new Item(chunk, index, key, data));
            }

            index++;
        }

        if (index != outcomes.Length)
        {
            throw new FormatException($"Chunk {no} holds {index} items but {outcomes.Length} outcomes.");
        }

        chunk.Items = pending;
        chunk.Open = pending.Count;
        return chunk;
    }

    /// <summary>Writes items the way <see cref="Read"/> reads them.</summary>
    public static ReadOnlyMemory<byte> Write(ReadOnlySpan<PlannedItem> items)
    {
        var buffer = new ArrayBufferWriter<byte>(items.Length * 64);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartArray();
        foreach (var item in items)
        {
            writer.WriteStartArray();
            writer.WriteStringValue(item.Key);
            if (item.Data is not null)
            {
                writer.WriteRawValue(item.Data);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }
}

/// <summary>The letters of <c>chunks.outcomes</c>.</summary>
public static class OutcomeLetter
{
    public const char Pending = '.';
    public const char Succeeded = 's';
    public const char Failed = 'f';
    public const char Skipped = 'k';
    public const char Cancelled = 'c';
}
