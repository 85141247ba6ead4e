using System.Text.Json;
using OrleansBulk.CodingProfiles;

namespace OrleansBulk.Hooks;

/// <summary>What a judge says of a hook: whole numbers from 0 to 100, and why.</summary>
public sealed record Verdict(int Score, int Attention, int Clarity, int Relevance, int Originality, int AudienceFit, string Reason)
{
    public const string Schema = """
        {"type":"object","additionalProperties":false,"required":["score","attention","clarity","relevance","originality","audience_fit","reason"],"properties":{"score":{"type":"integer"},"attention":{"type":"integer"},"clarity":{"type":"integer"},"relevance":{"type":"integer"},"originality":{"type":"integer"},"audience_fit":{"type":"integer"},"reason":{"type":"string"}}}
        """;

    private const int LongestReason = 2000;
    private static readonly string[] Numbers = ["score", "attention", "clarity", "relevance", "originality", "audience_fit"];

    /// <summary>Reads an answer that must fit the schema, and nothing else; or says what is wrong with it. A fence of backticks around it is forgiven.</summary>
    public static (Verdict? Verdict, string? Problem) Read(string answer)
    {
        try
        {
            using var document = JsonDocument.Parse(Unfenced(answer));
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return (null, "The answer is no JSON object.");
            }

            if (root.EnumerateObject().FirstOrDefault(member => !Numbers.Contains(member.Name) && member.Name != "reason") is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
            {
                return (null, $"'{ProfileText.Clean(unknown.Name, 60)}' is not in the schema.");
            }

            foreach (var name in Numbers)
            {
                if (!root.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out var number) || number is < 0 or > 100)
                {
                    return (null, $"'{name}' must be a whole number from 0 to 100.");
                }
            }

            if (!root.TryGetProperty("reason", out var reason) || reason.ValueKind != JsonValueKind.String || reason.Unescaped() is not { Length: > 0 } text)
            {
                return (null, "'reason' must be a text.");
            }

            var marks = Array.ConvertAll(Numbers, name => root.GetProperty(name).GetInt32());
            return (new Verdict(marks[0], marks[1], marks[2], marks[3], marks[4], marks[5], Storable(text)), null);
        }
        catch (JsonException)
        {
            return (null, "The answer is no JSON.");
        }
        catch (InvalidOperationException)
        {
            return (null, "A name in the answer is no text."); // it spells half of a surrogate pair, which is JSON all the same
        }
    }

    private static string Storable(string text) => text.Replace("\0", "", StringComparison.Ordinal).Cut(LongestReason);

    private static string Unfenced(string answer)
    {
        var text = answer.Trim();
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal) || text.IndexOf('\n', StringComparison.Ordinal) is not (> 0 and var line) || line >= text.Length - 3)
        {
            return text;
        }

        return text[line..^3];
    }
}
