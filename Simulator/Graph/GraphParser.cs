using System.Globalization;
using System.Text.Json;

namespace OrleansBulk.Simulator.Graph;

/// <summary>
/// Reads the first operation of a query into its selection, with variables filled in and fragments spread out. Tolerant: types,
/// directives and fragment conditions are passed over.
/// </summary>
internal sealed class GraphParser
{
    private const int DeepestSelection = 20;
    private readonly List<GraphToken> _tokens;
    private readonly JsonElement _variables;
    private readonly Dictionary<string, int> _fragments = [];
    private int _at;

    private GraphParser(string query, JsonElement variables)
    {
        _tokens = GraphTokens.Of(query);
        _variables = variables;
    }

    private GraphToken Now => _tokens[_at];

    /// <param name="variables">The request's variables: an object, or undefined.</param>
    /// <exception cref="GraphSyntaxException">The query is no GraphQL.</exception>
    public static IReadOnlyList<GraphField> Parse(string query, JsonElement variables)
    {
        var parser = new GraphParser(query, variables);
        parser.FindFragments();
        return parser.Operation();
    }

    private void FindFragments()
    {
        for (var i = 0; i + 4 < _tokens.Count; i++)
            if (_tokens[i].Value == "fragment" && _tokens[i + 2].Value == "on" && _tokens[i].Kind == GraphTokenKind.Name) _fragments[_tokens[i + 1].Value] = i + 4;
    }

    private List<GraphField> Operation()
    {
        while (Is("fragment"))
        {
            while (!Is("{")) Next();
            Skip("{", "}");
        }
        while (!Is("{"))
        {
            if (Is("(")) Skip("(", ")");
            else if (Now.Kind == GraphTokenKind.Name || Is("@")) Next();
            else throw Unexpected();
        }
        return Selection(0);
    }

    private List<GraphField> Selection(int depth)
    {
        if (depth > DeepestSelection) throw new GraphSyntaxException("Query is nested too deeply");
        Expect("{");
        var fields = new List<GraphField>();
        while (!Is("}"))
        {
            if (Is("...")) Spread(fields, depth);
            else fields.Add(Field(depth));
        }
        Next();
        return fields;
    }

    private void Spread(List<GraphField> fields, int depth)
    {
        Next();
        if (Is("on"))
        {
            Next();
            Next();
        }
        else if (Now.Kind == GraphTokenKind.Name)
        {
            if (!_fragments.TryGetValue(Now.Value, out var fragment)) throw new GraphSyntaxException($"Unknown fragment \"{Now.Value}\"");
            Next();
            var back = _at;
            _at = fragment;
            fields.AddRange(Selection(depth + 1));
            _at = back;
            return;
        }
        fields.AddRange(Selection(depth + 1));
    }

    private GraphField Field(int depth)
    {
        if (Now.Kind != GraphTokenKind.Name) throw Unexpected();
        var (alias, line, column) = (Now.Value, Now.Line, Now.Column);
        Next();
        var name = alias;
        if (Is(":"))
        {
            Next();
            name = Now.Value;
            Next();
        }
        var arguments = Is("(") ? Arguments() : [];
        while (Is("@"))
        {
            Next();
            Next();
            if (Is("(")) Skip("(", ")");
        }
        return new GraphField(alias, name, arguments, Is("{") ? Selection(depth + 1) : [], line, column);
    }

    private Dictionary<string, object?> Arguments()
    {
        var arguments = new Dictionary<string, object?>();
        Expect("(");
        while (!Is(")"))
        {
            var name = Now.Value;
            Next();
            Expect(":");
            arguments[name] = Value();
        }
        Next();
        return arguments;
    }

    private object? Value()
    {
        var token = Now;
        if (Is("["))
        {
            Skip("[", "]");
            return null;
        }
        if (Is("{"))
        {
            Skip("{", "}");
            return null;
        }
        Next();
        switch (token.Kind)
        {
            case GraphTokenKind.Text: return token.Value;
            case GraphTokenKind.Number: return long.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? number : null;
            case GraphTokenKind.Name: return token.Value switch { "null" => null, "true" => true, "false" => false, var value => value };
            case GraphTokenKind.Punctuation when token.Value == "$":
                var name = Now.Value;
                Next();
                return Variable(name);
            default: throw new GraphSyntaxException($"Unexpected \"{token.Value}\" at line {token.Line}, column {token.Column}");
        }
    }

    private object? Variable(string name)
    {
        if (_variables.ValueKind != JsonValueKind.Object || !_variables.TryGetProperty(name, out var value)) return null;
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number when value.TryGetInt64(out var number) => number,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => null,
        };
    }

    private bool Is(string value) => Now.Kind is GraphTokenKind.Punctuation or GraphTokenKind.Name && Now.Value == value;

    private void Next()
    {
        if (Now.Kind == GraphTokenKind.End) throw Unexpected();
        _at++;
    }

    private void Expect(string value)
    {
        if (!Is(value)) throw Unexpected();
        Next();
    }

    private void Skip(string open, string close)
    {
        var depth = 0;
        do
        {
            if (Is(open)) depth++;
            else if (Is(close)) depth--;
            Next();
        }
        while (depth > 0);
    }

    private GraphSyntaxException Unexpected() =>
        new(Now.Kind == GraphTokenKind.End ? "Unexpected end of document" : $"Unexpected \"{Now.Value}\" at line {Now.Line}, column {Now.Column}");
}
