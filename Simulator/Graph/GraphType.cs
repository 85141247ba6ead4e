using System.Text.Json;

namespace OrleansBulk.Simulator.Graph;

/// <summary>A field that was asked of a type that does not have it.</summary>
internal sealed record GraphMismatch(string TypeName, GraphField Field, IReadOnlyList<string> Path);

/// <summary>A type of a schema: its name and its fields. It checks selections before any data is looked at, and writes what they select.</summary>
internal interface IGraphType
{
    /// <param name="path">Where the selection stands, from the root.</param>
    GraphMismatch? Check(IReadOnlyList<GraphField> selection, IReadOnlyList<string> path);
}

/// <inheritdoc cref="IGraphType"/>
internal sealed class GraphType<T>(string name) : IGraphType
{
    private readonly Dictionary<string, Member> _members = new()
    {
        ["__typename"] = new((json, _, _) => json.WriteStringValue(name), null),
    };

    private sealed record Member(Action<Utf8JsonWriter, T, GraphField> Write, IGraphType? Type);

    public GraphType<T> Text(string field, Func<T, string?> value) => Add(field, (json, source, _) => json.WriteStringValue(value(source)));

    public GraphType<T> Number(string field, Func<T, long> value) => Add(field, (json, source, _) => json.WriteNumberValue(value(source)));

    public GraphType<T> Real(string field, Func<T, double> value) => Add(field, (json, source, _) => json.WriteNumberValue(value(source)));

    public GraphType<T> Flag(string field, Func<T, bool?> value) => Add(field, (json, source, _) =>
    {
        if (value(source) is { } flag) json.WriteBooleanValue(flag);
        else json.WriteNullValue();
    });

    public GraphType<T> Texts(string field, Func<T, IEnumerable<string>> values) => Add(field, (json, source, _) =>
    {
        json.WriteStartArray();
        foreach (var value in values(source)) json.WriteStringValue(value);
        json.WriteEndArray();
    });

    public GraphType<T> Object<TChild>(string field, GraphType<TChild> type, Func<T, TChild?> child) where TChild : class =>
        Add(field, (json, source, asked) => type.WriteOrNull(json, child(source), asked.Selection), type);

    public GraphType<T> List<TChild>(string field, GraphType<TChild> type, Func<T, IEnumerable<TChild>> children) =>
        Add(field, (json, source, asked) => type.WriteList(json, children(source), asked.Selection), type);

    public GraphMismatch? Check(IReadOnlyList<GraphField> selection, IReadOnlyList<string> path)
    {
        foreach (var field in selection)
        {
            IReadOnlyList<string> here = [.. path, field.Alias];
            if (!_members.TryGetValue(field.Name, out var member)) return new GraphMismatch(name, field, here);
            if (member.Type?.Check(field.Selection, here) is { } mismatch) return mismatch;
        }
        return null;
    }

    public void Write(Utf8JsonWriter json, T source, IReadOnlyList<GraphField> selection)
    {
        json.WriteStartObject();
        foreach (var field in selection)
        {
            json.WritePropertyName(field.Alias);
            _members[field.Name].Write(json, source, field);
        }
        json.WriteEndObject();
    }

    public void WriteList(Utf8JsonWriter json, IEnumerable<T> sources, IReadOnlyList<GraphField> selection)
    {
        json.WriteStartArray();
        foreach (var source in sources) Write(json, source, selection);
        json.WriteEndArray();
    }

    private GraphType<T> Add(string field, Action<Utf8JsonWriter, T, GraphField> write, IGraphType? type = null)
    {
        _members[field] = new Member(write, type);
        return this;
    }
}

internal static class GraphWriting
{
    public static void WriteOrNull<T>(this GraphType<T> type, Utf8JsonWriter json, T? source, IReadOnlyList<GraphField> selection) where T : class
    {
        if (source is null) json.WriteNullValue();
        else type.Write(json, source, selection);
    }
}
