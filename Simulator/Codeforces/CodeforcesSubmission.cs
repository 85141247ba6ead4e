using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Codeforces;

/// <summary>
/// One row of user.status. An account sent two submissions for each problem it solved, the second one accepted, and nothing else: the
/// distinct (contestId, index) with verdict OK are exactly its solved count.
/// </summary>
internal readonly record struct CodeforcesSubmission(int Number, DateTimeOffset At)
{
    private static readonly string[] Failures = ["WRONG_ANSWER", "TIME_LIMIT_EXCEEDED", "RUNTIME_ERROR", "COMPILATION_ERROR", "MEMORY_LIMIT_EXCEEDED"];
    private static readonly string[] Tags = ["implementation", "greedy", "math", "dp", "graphs"];

    private int Problem => Number / 2;

    private bool Accepted => Number % 2 == 1;

    public static IEnumerable<CodeforcesSubmission> NewestFirst(CodeforcesProfile profile)
    {
        for (var number = 2 * profile.Solved - 1; number >= 0; number--)
            yield return new CodeforcesSubmission(number, profile.LastOnline.AddHours(number - 2 * profile.Solved));
    }

    public void Write(Utf8JsonWriter json, string handle)
    {
        int contest = 1000 + Problem / 6, at = (int)At.ToUnixTimeSeconds();
        json.WriteStartObject();
        json.WriteNumber("id", 200_000_000L + Number);
        json.WriteNumber("contestId", contest);
        json.WriteNumber("creationTimeSeconds", at);
        json.WriteNumber("relativeTimeSeconds", int.MaxValue);
        json.WriteStartObject("problem");
        json.WriteNumber("contestId", contest);
        json.WriteString("index", ((char)('A' + Problem % 6)).ToString());
        json.WriteString("name", $"Sample Problem {Problem}");
        json.WriteString("type", "PROGRAMMING");
        // Problems without a rating occur.
        if (Problem % 7 != 0) json.WriteNumber("rating", 800 + 100 * (Problem % 20));
        json.WriteStartArray("tags");
        json.WriteStringValue(Tags[Problem % Tags.Length]);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartObject("author");
        json.WriteNumber("contestId", contest);
        json.WriteStartArray("members");
        json.WriteStartObject();
        json.WriteString("handle", handle);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("participantType", "PRACTICE");
        json.WriteBoolean("ghost", false);
        json.WriteEndObject();
        json.WriteString("programmingLanguage", "C++23 (GCC 14-64, msys2)");
        json.WriteString("verdict", Accepted ? "OK" : Failures[Problem % Failures.Length]);
        json.WriteString("testset", "TESTS");
        json.WriteNumber("passedTestCount", Accepted ? 62 : Problem % 60);
        json.WriteNumber("timeConsumedMillis", 15 * (Number % 60));
        json.WriteNumber("memoryConsumedBytes", 102_400 * (1 + Number % 30));
        json.WriteEndObject();
    }
}
