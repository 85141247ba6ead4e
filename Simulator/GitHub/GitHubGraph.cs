using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>Answers the root fields <c>user</c>, <c>organization</c>, <c>viewer</c> and <c>rateLimit</c>, under whatever aliases.</summary>
internal static class GitHubGraph
{
    private static readonly Dictionary<string, IGraphType?> Roots = new()
    {
        ["__typename"] = null,
        ["user"] = GitHubSchema.User,
        ["organization"] = GitHubSchema.Organization,
        ["viewer"] = GitHubSchema.User,
        ["rateLimit"] = GitHubSchema.RateLimit,
    };

    public static GraphMismatch? Check(IReadOnlyList<GraphField> selection)
    {
        foreach (var field in selection)
        {
            if (!Roots.TryGetValue(field.Name, out var type)) return new GraphMismatch("Query", field, [field.Alias]);
            if (type?.Check(field.Selection, [field.Alias]) is { } mismatch) return mismatch;
        }
        return null;
    }

    /// <summary>200 with errors and no data: the query does not fit the schema, or is no query.</summary>
    public static Reply Wrong(string message, GraphMismatch? mismatch) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("errors");
        json.WriteStartObject();
        if (mismatch is not null)
        {
            json.WriteStartArray("path");
            json.WriteStringValue("query");
            foreach (var step in mismatch.Path) json.WriteStringValue(step);
            json.WriteEndArray();
            json.WriteStartObject("extensions");
            json.WriteString("code", "undefinedField");
            json.WriteString("typeName", mismatch.TypeName);
            json.WriteString("fieldName", mismatch.Field.Name);
            json.WriteEndObject();
            WriteLocation(json, mismatch.Field);
        }
        json.WriteString("message", message);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static Reply Answer(IReadOnlyList<GraphField> selection, Knowledge know)
    {
        var profiles = selection.Select(field => Find(field, know.World)).ToList();
        var rate = GitHubSchema.Rate(know.Quota, nodes: selection.Count(field => field.Name is "user" or "organization"));
        var reply = Reply.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("data");
            for (var i = 0; i < selection.Count; i++)
            {
                json.WritePropertyName(selection[i].Alias);
                WriteRoot(json, selection[i], profiles[i], rate);
            }
            json.WriteEndObject();
            if (selection.Where((field, i) => profiles[i] is null && field.Name is "user" or "organization").Any()) WriteUnresolved(json, selection, profiles);
            json.WriteEndObject();
        });
        return reply with { PerKey = [.. selection.Zip(profiles).Where(pair => pair.First.Name == "user").Select(pair => pair.Second is null ? KeyAnswer.Missing : KeyAnswer.Found)] };
    }

    private static GitHubProfile? Find(GraphField field, ProfileWorld world)
    {
        if (field.Name == "viewer") return world.GitHub("viewer");
        var profile = field.Text("login") is { } login ? world.GitHub(login) : null;
        return profile?.IsOrganization == (field.Name == "organization") ? profile : null;
    }

    private static void WriteRoot(Utf8JsonWriter json, GraphField field, GitHubProfile? profile, GitHubSchema.RateState rate)
    {
        switch (field.Name)
        {
            case "rateLimit":
                GitHubSchema.RateLimit.Write(json, rate, field.Selection);
                break;
            case "organization":
                GitHubSchema.Organization.WriteOrNull(json, profile, field.Selection);
                break;
            case "__typename":
                json.WriteStringValue("Query");
                break;
            default:
                GitHubSchema.User.WriteOrNull(json, profile, field.Selection);
                break;
        }
    }

    private static void WriteUnresolved(Utf8JsonWriter json, IReadOnlyList<GraphField> selection, List<GitHubProfile?> profiles)
    {
        json.WriteStartArray("errors");
        for (var i = 0; i < selection.Count; i++)
        {
            if (profiles[i] is not null || selection[i].Name is not ("user" or "organization")) continue;
            json.WriteStartObject();
            json.WriteString("type", "NOT_FOUND");
            json.WriteStartArray("path");
            json.WriteStringValue(selection[i].Alias);
            json.WriteEndArray();
            WriteLocation(json, selection[i]);
            json.WriteString("message", $"Could not resolve to {(selection[i].Name == "user" ? "a User" : "an Organization")} with the login of '{selection[i].Text("login")}'.");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteLocation(Utf8JsonWriter json, GraphField at)
    {
        json.WriteStartArray("locations");
        json.WriteStartObject();
        json.WriteNumber("line", at.Line);
        json.WriteNumber("column", at.Column);
        json.WriteEndObject();
        json.WriteEndArray();
    }
}
