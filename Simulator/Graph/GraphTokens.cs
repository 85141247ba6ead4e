using System.Text;

namespace OrleansBulk.Simulator.Graph;

internal enum GraphTokenKind { Punctuation, Name, Text, Number, End }

internal readonly record struct GraphToken(GraphTokenKind Kind, string Value, int Line, int Column);

/// <summary>Cuts a query into its tokens; commas, white space and comments separate them and mean nothing.</summary>
internal static class GraphTokens
{
    public static List<GraphToken> Of(string query)
    {
        var tokens = new List<GraphToken>();
        int at = 0, line = 1, lineStart = 0;
        while (at < query.Length)
        {
            var letter = query[at];
            int start = at, column = at - lineStart + 1;
            if (letter == '\n') (line, lineStart, at) = (line + 1, at + 1, at + 1);
            else if (char.IsWhiteSpace(letter) || letter is ',' or '\uFEFF') at++;
            else if (letter == '#') while (at < query.Length && query[at] != '\n') at++;
            else if (letter == '"') tokens.Add(new GraphToken(GraphTokenKind.Text, Quoted(query, ref at), line, column));
            else if (char.IsAsciiLetter(letter) || letter == '_')
            {
                while (at < query.Length && (char.IsAsciiLetterOrDigit(query[at]) || query[at] == '_')) at++;
                tokens.Add(new GraphToken(GraphTokenKind.Name, query[start..at], line, column));
            }
            else if (char.IsAsciiDigit(letter) || letter == '-')
            {
                at++;
                while (at < query.Length && (char.IsAsciiDigit(query[at]) || query[at] is '.' or 'e' or 'E' or '+' or '-')) at++;
                tokens.Add(new GraphToken(GraphTokenKind.Number, query[start..at], line, column));
            }
            else
            {
                var length = letter == '.' && at + 2 < query.Length && query[at + 1] == '.' && query[at + 2] == '.' ? 3 : 1;
                at += length;
                tokens.Add(new GraphToken(GraphTokenKind.Punctuation, query.Substring(start, length), line, column));
            }
        }
        tokens.Add(new GraphToken(GraphTokenKind.End, "", line, at - lineStart + 1));
        return tokens;
    }

    private static string Quoted(string query, ref int at)
    {
        var text = new StringBuilder();
        for (at++; at < query.Length && query[at] != '"'; at++)
        {
            if (query[at] == '\\' && at + 1 < query.Length) at++;
            text.Append(query[at]);
        }
        if (at == query.Length) throw new GraphSyntaxException("Unterminated string");
        at++;
        return text.ToString();
    }
}
