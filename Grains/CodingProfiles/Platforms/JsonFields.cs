using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Reads fields of answers that nobody promised to keep: missing, null and <c>""</c> are null, numbers may come as strings and strings as numbers.
/// Any other type, and a required field that is not there, is a <see cref="FormatException"/>: the answer has changed shape.
/// </summary>
internal static partial class JsonFields
{
    public static JsonElement? Find(this JsonElement parent, string name)
    {
        Want(parent, JsonValueKind.Object, name);
        return parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public static JsonElement Require(this JsonElement parent, string name) =>
        parent.Find(name) ?? throw new FormatException($"'{name}' is missing.");

    /// <summary>The elements of a list; none when there is no list.</summary>
    public static IReadOnlyList<JsonElement> List(this JsonElement parent, string name) => parent.Find(name) is { } list ? list.Elements(name) : [];

    public static IReadOnlyList<JsonElement> Elements(this JsonElement list, string name)
    {
        Want(list, JsonValueKind.Array, name);
        return [.. list.EnumerateArray()];
    }

    /// <summary>Cleaned and cut, see <see cref="ProfileText"/>.</summary>
    public static string? Text(this JsonElement parent, string name, int longest = ProfileText.Short) =>
        parent.Find(name) is { } value ? ProfileText.Clean(Characters(value, name), longest) : null;

    public static string RequireText(this JsonElement parent, string name, int longest = ProfileText.Short) =>
        parent.Text(name, longest) ?? throw new FormatException($"'{name}' is missing or empty.");

    public static double? Real(this JsonElement parent, string name)
    {
        if (parent.Find(name) is not { } value || Characters(value, name) is not { Length: > 0 } text)
        {
            return null;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"'{name}' is '{ProfileText.Clean(text, 40)}' where a number was wanted.");
    }

    /// <summary>A whole number; fractions are rounded (LeetCode rates 1702.31).</summary>
    public static int? Int(this JsonElement parent, string name) => parent.Real(name) switch
    {
        null => null,
        >= int.MinValue and <= int.MaxValue and { } number => (int)Math.Round(number, MidpointRounding.AwayFromZero),
        { } number => throw new FormatException($"'{name}' is {number}, which is out of range."),
    };

    public static bool? Flag(this JsonElement parent, string name) => parent.Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } value => throw Wrong(name, value.ValueKind, "true or false"),
    };

    public static DateTimeOffset? EpochSeconds(this JsonElement parent, string name) => parent.Real(name) is { } seconds ? Epoch(seconds, name) : null;

    public static DateTimeOffset Epoch(double seconds, string name) => seconds is >= 0 and < 253_402_300_800
        ? DateTimeOffset.FromUnixTimeSeconds((long)seconds)
        : throw new FormatException($"'{name}' is {seconds}, which is no epoch second.");

    /// <summary>ISO 8601, in any offset; read as UTC.</summary>
    public static DateTimeOffset? Instant(this JsonElement parent, string name)
    {
        if (parent.Text(name) is not { } text)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var instant)
            ? instant
            : throw new FormatException($"'{name}' is '{text}' where a moment was wanted.");
    }

    private static string? Characters(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => value.Unescaped(),
        JsonValueKind.Number => value.GetRawText(),
        _ => throw Wrong(name, value.ValueKind, "a text or a number"),
    };

    /// <summary>JSON may spell half of a surrogate pair, which no .NET string can be read from: one such name must not spoil a whole answer.</summary>
    public static string? Unescaped(this JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            using var repaired = JsonDocument.Parse(Surrogate().Replace(value.GetRawText(), "\\ufffd"));
            return repaired.RootElement.GetString();
        }
    }

    private static void Want(JsonElement value, JsonValueKind kind, string name)
    {
        if (value.ValueKind != kind)
        {
            throw Wrong(name, value.ValueKind, kind == JsonValueKind.Array ? "a list" : "an object around it");
        }
    }

    private static FormatException Wrong(string name, JsonValueKind found, string wanted) => new($"'{name}': found {found}, wanted {wanted}.");

    [GeneratedRegex(@"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")]
    private static partial Regex Surrogate();
}
