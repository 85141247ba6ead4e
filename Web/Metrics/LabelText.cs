using System.Globalization;

namespace OrleansBulk.Web.Metrics;

/// <summary>
/// Writes tags as Prometheus labels, <c>a="x",b="y"</c>: sorted by name, so that the same tags in another order are the same series; escaped; without
/// tags that are null. What two tags become is written once. Allocates nothing for a measurement with usual tags.
/// </summary>
internal ref struct LabelText
{
    /// <summary>Longer values are cut: a label tells series apart, it does not carry text.</summary>
    public const int LongestValue = 128;

    public const int MostTags = 16;

    private readonly Span<char> _buffer;
    private int _length;

    private LabelText(Span<char> buffer) => _buffer = buffer;

    /// <returns>How much of the buffer was written; -1 when it is too small.</returns>
    public static int Write(ReadOnlySpan<KeyValuePair<string, object?>> tags, Span<char> buffer)
    {
        tags = tags.Length > MostTags ? tags[..MostTags] : tags;
        Span<int> order = stackalloc int[MostTags];
        var count = Sort(tags, order);
        var text = new LabelText(buffer);
        string? last = null;
        foreach (var index in order[..count])
        {
            var name = PrometheusName.Label(tags[index].Key);
            if (name == last)
            {
                continue;
            }

            last = name;
            if (!text.Append(name, tags[index].Value!))
            {
                return -1;
            }
        }

        return text._length;
    }

    private static int Sort(ReadOnlySpan<KeyValuePair<string, object?>> tags, Span<int> order)
    {
        var count = 0;
        for (var i = 0; i < tags.Length; i++)
        {
            if (tags[i].Value is null)
            {
                continue;
            }

            var at = count++;
            for (; at > 0 && string.CompareOrdinal(PrometheusName.Label(tags[order[at - 1]].Key), PrometheusName.Label(tags[i].Key)) > 0; at--)
            {
                order[at] = order[at - 1];
            }

            order[at] = i;
        }

        return count;
    }

    private bool Append(string name, object value)
    {
        Span<char> digits = stackalloc char[40];
        scoped ReadOnlySpan<char> text = value switch
        {
            string known => known,
            bool yes => yes ? "true" : "false",
            ISpanFormattable number when number.TryFormat(digits, out var written, null, CultureInfo.InvariantCulture) => digits[..written],
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
        text = text.Length > LongestValue ? text[..LongestValue] : text;
        return (_length == 0 || Append(",")) && Append(name) && Append("=\"") && AppendEscaped(text) && Append("\"");
    }

    private bool Append(scoped ReadOnlySpan<char> text)
    {
        if (!text.TryCopyTo(_buffer[_length..]))
        {
            return false;
        }

        _length += text.Length;
        return true;
    }

    private bool AppendEscaped(scoped ReadOnlySpan<char> text)
    {
        foreach (ref readonly var letter in text)
        {
            var fits = letter switch
            {
                '\\' => Append(@"\\"),
                '"' => Append("\\\""),
                '\n' => Append("\\n"),
                < ' ' => Append("\uFFFD"), // a carriage return could end the line for a careless reader
                _ => Append(new ReadOnlySpan<char>(in letter)),
            };
            if (!fits)
            {
                return false;
            }
        }

        return true;
    }
}
