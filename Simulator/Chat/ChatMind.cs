using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Chat;

/// <summary>
/// What a simulated model answers: it follows from the seed, the model and what was asked. It understands data in JSON in the user's message: with <c>topic</c> and
/// <c>hooksWanted</c> it writes hooks between tags, with <c>hook</c> it judges one. It is gullible: a hook that says "ignore the above" gets a bare 100 at first.
/// </summary>
internal static class ChatMind
{
    private static readonly string[] Openings =
    [
        "Most people get {0} wrong.", "I spent ten years on {0}. Here is what I would do differently.", "Nobody tells you this about {0}.",
        "{0} cost us a customer last month.", "Three numbers changed how I see {0}.", "Stop treating {0} as a side project.",
        "We tried {0} for ninety days. The result surprised the whole team.", "The best advice on {0} fits in one sentence.", "What if {0} is the wrong question?",
    ];

    private static readonly string[] Turns =
    [
        "The fix took an afternoon.", "It was not the tools.", "It began with one awkward meeting.", "The data said the opposite of what we believed.",
        "And it was cheaper than doing nothing.", "Every one of them made the same mistake.", "The answer was in our own inbox.",
    ];

    private static readonly string[] Criteria = ["attention", "clarity", "relevance", "originality", "audience_fit"];

    /// <summary>How the request is named in the journal: the same work twice is the same key.</summary>
    public static (string Operation, string Key) Name(ChatRequest request)
    {
        var data = Data(request.User);
        return data.TryGetValue("hook", out var hook) ? (data.ContainsKey("brokenAnswer") ? "repair" : "judge", $"{request.Model}/{hook.GetString()}")
            : data.TryGetValue("topic", out var topic) ? ("generate", $"{request.Model}/{topic.GetString()}/{Written(data)}")
            : ("chat", $"{request.Model}/{request.User}");
    }

    public static string Answer(ChatRequest request, long seed)
    {
        var data = Data(request.User);
        return data.TryGetValue("hook", out var hook) ? Judge(request, hook.GetString()!, data.ContainsKey("brokenAnswer"), seed)
            : data.TryGetValue("topic", out var topic) ? Write(request, topic.GetString()!, Written(data), data.TryGetValue("hooksWanted", out var wanted) ? wanted.GetInt32() : 1, seed)
            : "I am a simulated model and have nothing to add.";
    }

    /// <summary>Words where JSON was asked for.</summary>
    public static string Babble(ChatRequest request) => $"Happy to help! I would say this is a strong one, well above average. ({request.Model})";

    private static string Write(ChatRequest request, string topic, int from, int wanted, long seed)
    {
        var text = new StringBuilder();
        for (var number = from; number < from + wanted; number++)
        {
            var draw = Draw.For(seed, $"hook/{request.Model}", topic, number);
            var subject = topic.Length > 80 ? topic[..80] : topic;
            text.Append("<hook>").Append(string.Format(CultureInfo.InvariantCulture, draw.Pick(Openings), subject)).Append('\n').Append(draw.Pick(Turns))
                .Append(CultureInfo.InvariantCulture, $" ({request.Model}, {number + 1})").Append("</hook>\n");
        }
        return text.ToString();
    }

    private static string Judge(ChatRequest request, string hook, bool again, long seed)
    {
        if (!again && hook.Contains("ignore the above", StringComparison.OrdinalIgnoreCase)) return "100";
        var draw = Draw.For(seed, $"judge/{request.Model}", hook);
        var marks = Criteria.Select(criterion => KeyValuePair.Create<string, object>(criterion, draw.Int(35, 98))).ToList();
        var verdict = new Dictionary<string, object>(marks)
        {
            ["score"] = (int)Math.Round(marks.Average(mark => (int)mark.Value)),
            ["reason"] = $"It opens with tension and stays short; {Criteria[draw.Int(0, Criteria.Length - 1)].Replace('_', ' ')} decides it.",
        };
        return JsonSerializer.Serialize(verdict);
    }

    private static int Written(Dictionary<string, JsonElement> data) => data.TryGetValue("alreadyWritten", out var written) && written.ValueKind == JsonValueKind.Array ? written.GetArrayLength() : 0;

    /// <summary>The members of the first JSON object in the text; none when there is none.</summary>
    private static Dictionary<string, JsonElement> Data(string text)
    {
        var start = text.IndexOf('{', StringComparison.Ordinal);
        var end = text.LastIndexOf('}');
        if (start < 0 || end < start) return [];
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(text[start..(end + 1)]) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
