using System.Text;

namespace OrleansBulk.Simulator.Chat;

/// <summary>An answer cut into tokens, as far as the caller's limit lets it get.</summary>
/// <param name="Cut">The limit came first.</param>
internal sealed record ChatTokens(IReadOnlyList<string> Tokens, bool Cut)
{
    public string Text => string.Concat(Tokens);

    public static ChatTokens Of(string text, int most)
    {
        var tokens = new List<string>(text.Length / ChatRequest.TokenBytes + 1);
        var token = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            token.Append(rune);
            if (token.Length < ChatRequest.TokenBytes) continue;
            tokens.Add(token.ToString());
            token.Clear();
        }
        if (token.Length > 0) tokens.Add(token.ToString());
        return tokens.Count <= most ? new ChatTokens(tokens, false) : new ChatTokens(tokens[..most], true);
    }
}
