namespace OrleansBulk.Simulator.Graph;

/// <summary>A field of a selection: under which name the answer goes, what is asked, with which arguments, and what of it.</summary>
internal sealed record GraphField(string Alias, string Name, IReadOnlyDictionary<string, object?> Arguments, IReadOnlyList<GraphField> Selection, int Line, int Column)
{
    public string? Text(string argument) => Arguments.TryGetValue(argument, out var value) ? value as string : null;

    public int? Number(string argument) => Arguments.TryGetValue(argument, out var value) && value is long number ? (int)number : null;
}
