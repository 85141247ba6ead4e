using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Faults;

/// <summary>Takes a field out of an answer, or gives it another name, at any depth. In a page it does so to the text.</summary>
internal static class SchemaDrift
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Reply Apply(Reply reply, string field, string? newName)
    {
        if (reply.Body.IsEmpty) return reply;
        if (reply.ContentType != Reply.JsonType)
            return reply with { Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(reply.Body.Span).Replace(field, newName ?? "", StringComparison.Ordinal)) };
        var document = JsonNode.Parse(reply.Body.Span);
        Change(document, field, newName);
        return reply with { Body = JsonSerializer.SerializeToUtf8Bytes(document, Compact) };
    }

    private static void Change(JsonNode? node, string field, string? newName)
    {
        if (node is JsonObject members)
        {
            if (members.TryGetPropertyValue(field, out var value))
            {
                members.Remove(field);
                if (newName is not null) members[newName] = value;
            }
            foreach (var (_, member) in members) Change(member, field, newName);
        }
        else if (node is JsonArray elements)
        {
            foreach (var element in elements) Change(element, field, newName);
        }
    }
}
