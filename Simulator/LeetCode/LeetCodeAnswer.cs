using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.LeetCode;

/// <summary>Answers a selection of LeetCode's root fields; an unknown user is an error of <c>matchedUser</c> in a 200.</summary>
internal static class LeetCodeAnswer
{
    private static readonly IReadOnlyList<LeetCodeSchema.QuestionCount> Questions =
        [.. LeetCodeProfile.Questions.Select(question => new LeetCodeSchema.QuestionCount(question.Difficulty, question.Count))];

    private static readonly Dictionary<string, IGraphType?> Roots = new()
    {
        ["__typename"] = null,
        ["allQuestionsCount"] = LeetCodeSchema.QuestionCountNode,
        ["matchedUser"] = LeetCodeSchema.UserNode,
        ["userContestRanking"] = LeetCodeSchema.ContestRanking,
        ["userContestRankingHistory"] = LeetCodeSchema.ContestHistory,
        ["recentAcSubmissionList"] = LeetCodeSchema.SubmissionNode,
        ["recentSubmissionList"] = LeetCodeSchema.SubmissionNode,
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

    /// <summary>400: the query does not fit the schema, or is no query.</summary>
    public static Reply Wrong(string message, GraphField? at) => Reply.Json(400, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("errors");
        json.WriteStartObject();
        json.WriteString("message", message);
        if (at is not null) WriteLocation(json, at);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static Reply To(IReadOnlyList<GraphField> selection, IReadOnlyList<string> users, ProfileWorld world)
    {
        var profiles = users.ToDictionary(user => user, world.LeetCode, StringComparer.OrdinalIgnoreCase);
        LeetCodeProfile? Of(GraphField field) => field.Text("username") is { } user ? profiles[user] : null;
        var unknown = selection.Where(field => field.Name == "matchedUser" && Of(field) is null).ToList();
        var reply = Reply.Json(200, json =>
        {
            json.WriteStartObject();
            if (unknown.Count > 0) WriteUnknown(json, unknown);
            json.WriteStartObject("data");
            foreach (var field in selection)
            {
                json.WritePropertyName(field.Alias);
                WriteRoot(json, field, Of(field));
            }
            json.WriteEndObject();
            json.WriteEndObject();
        });
        return reply with { PerKey = [.. users.Select(user => profiles[user] is null ? KeyAnswer.Missing : KeyAnswer.Found)] };
    }

    private static void WriteRoot(Utf8JsonWriter json, GraphField field, LeetCodeProfile? profile)
    {
        switch (field.Name)
        {
            case "allQuestionsCount":
                LeetCodeSchema.QuestionCountNode.WriteList(json, Questions, field.Selection);
                break;
            case "matchedUser":
                LeetCodeSchema.UserNode.WriteOrNull(json, profile, field.Selection);
                break;
            case "userContestRanking":
                LeetCodeSchema.ContestRanking.WriteOrNull(json, profile is { Contests.Count: > 0 } ? profile : null, field.Selection);
                break;
            case "userContestRankingHistory":
                LeetCodeSchema.ContestHistory.WriteList(json, profile?.Contests ?? [], field.Selection);
                break;
            case "__typename":
                json.WriteStringValue("Query");
                break;
            default:
                LeetCodeSchema.SubmissionNode.WriteList(json, profile is null ? [] : LeetCodeSchema.Recent(profile, field.Number("limit") ?? 20), field.Selection);
                break;
        }
    }

    private static void WriteUnknown(Utf8JsonWriter json, List<GraphField> fields)
    {
        json.WriteStartArray("errors");
        foreach (var field in fields)
        {
            json.WriteStartObject();
            json.WriteString("message", "That user does not exist.");
            WriteLocation(json, field);
            json.WriteStartArray("path");
            json.WriteStringValue(field.Alias);
            json.WriteEndArray();
            json.WriteStartObject("extensions");
            json.WriteBoolean("handled", true);
            json.WriteBoolean("skip_sentry", true);
            json.WriteEndObject();
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
