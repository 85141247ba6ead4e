using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GeeksforGeeks;

/// <summary>Answers of both hosts.</summary>
internal static class GeeksforGeeksBody
{
    private static readonly DateOnly FirstDay = new(2025, 1, 1);

    public static Reply Failed(int status, string message) => Reply.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "failed");
        json.WriteString("message", message);
        json.WriteEndObject();
    });

    public static Reply Profile(GeeksforGeeksProfile profile) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("message", "data retrieved successfully");
        json.WriteStartObject("data");
        json.WriteString("name", profile.Person.FullName ?? profile.Handle);
        json.WriteString("profile_image_url", "https://media.geeksforgeeks.org/auth/avatar.png");
        json.WriteNumber("score", profile.Score);
        json.WriteNumber("monthly_score", profile.MonthlyScore);
        json.WriteNumber("total_problems_solved", profile.TotalSolved);
        if (profile.InstituteRank is { } rank) json.WriteNumber("institute_rank", rank);
        else json.WriteNull("institute_rank");
        json.WriteString("institute_name", profile.Person.Organization);
        json.WriteNumber("pod_solved_longest_streak", profile.LongestStreak);
        json.WriteNumber("pod_solved_global_longest_streak", 1800);
        json.WriteNumber("pod_solved_current_streak", profile.CurrentStreak);
        json.WriteNumber("pod_correct_submissions_count", profile.LongestStreak + profile.CurrentStreak);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    public static Reply Submissions(GeeksforGeeksProfile profile) => Success(profile, json =>
    {
        WriteProblems(json, "School", profile.School, 700_000);
        WriteProblems(json, "Basic", profile.Basic, 710_000);
        WriteProblems(json, "Easy", profile.Easy, 720_000);
        WriteProblems(json, "Medium", profile.Medium, 730_000);
        WriteProblems(json, "Hard", profile.Hard, 740_000);
    });

    /// <summary>Date to count: two problems a day until all are told.</summary>
    public static Reply ByDay(GeeksforGeeksProfile profile) => Success(profile, json =>
    {
        for (int day = 0, left = profile.TotalSolved; left > 0; day++, left -= 2)
            json.WriteNumber(FirstDay.AddDays(day).ToString("yyyy-MM-dd"), Math.Min(2, left));
    });

    private static Reply Success(GeeksforGeeksProfile profile, Action<Utf8JsonWriter> writeResult) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "success");
        json.WriteString("message", "submissions fetched");
        json.WriteNumber("count", profile.TotalSolved);
        json.WriteStartObject("result");
        writeResult(json);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private static void WriteProblems(Utf8JsonWriter json, string difficulty, int count, int firstId)
    {
        json.WriteStartObject(difficulty);
        for (var id = firstId; id < firstId + count; id++)
        {
            json.WriteStartObject(id.ToString());
            json.WriteString("slug", $"sample-problem-{id}");
            json.WriteString("pname", $"Sample Problem {id}");
            json.WriteString("lang", "cpp");
            json.WriteString("user_subtime", "2025-01-15 10:00:00");
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
