using System.Text;
using OrleansBulk.CodingProfiles;

namespace OrleansBulk.Hooks;

/// <summary>Finds hooks in a text that comes in pieces: each is there as soon as its end tag is. Not for several threads.</summary>
internal sealed class HookReader
{
    public const int LongestHook = 1000;
    private const string Begin = "<hook>";
    private const string End = "</hook>";

    private readonly StringBuilder _text = new();

    /// <summary>The hook that is being written, as far as it is; null between two.</summary>
    public string? Unfinished
    {
        get
        {
            var text = _text.ToString();
            var begin = text.IndexOf(Begin, StringComparison.OrdinalIgnoreCase);
            return begin < 0 ? null : Clean(text[(begin + Begin.Length)..].Split('<')[0]);
        }
    }

    /// <summary>Takes a piece of text; answers the hooks that it completes.</summary>
    public IReadOnlyList<string> Read(string piece)
    {
        _text.Append(piece);
        if (!piece.Contains('>', StringComparison.Ordinal))
        {
            return [];
        }

        var text = _text.ToString();
        var hooks = new List<string>();
        var at = 0;
        while (text.IndexOf(Begin, at, StringComparison.OrdinalIgnoreCase) is var begin and >= 0 && text.IndexOf(End, begin, StringComparison.OrdinalIgnoreCase) is var end and >= 0)
        {
            if (Clean(text[(begin + Begin.Length)..end]) is { } hook)
            {
                hooks.Add(hook);
            }

            at = end + End.Length;
        }

        _text.Remove(0, at);
        return hooks;
    }

    /// <summary>Lines stay lines; anything else that is no text goes.</summary>
    private static string? Clean(string text)
    {
        var lines = text.ReplaceLineEndings("\n").Split('\n').Select(line => ProfileText.Clean(line, LongestHook)).OfType<string>();
        var hook = string.Join('\n', lines);
        return hook.Length == 0 ? null : hook.Cut(LongestHook);
    }
}
