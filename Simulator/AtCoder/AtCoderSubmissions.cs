using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.AtCoder;

/// <summary>Pages of <c>user/submissions</c>: at most 500 rows from a second on, ascending. Three rows share each second, so pages overlap.</summary>
internal static class AtCoderSubmissions
{
    private const int PageRows = 500;
    private const long FirstSecond = 1_600_000_000;

    public static Reply Page(AtCoderProfile? profile, long fromSecond) => Reply.Json(200, json =>
    {
        json.WriteStartArray();
        var rows = profile?.AcceptedCount ?? 0;
        var first = (int)Math.Clamp((fromSecond - FirstSecond + 59) / 60 * 3, 0, rows);
        for (var row = first; row < Math.Min(rows, first + PageRows); row++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", 10_000_000 + row);
            json.WriteNumber("epoch_second", FirstSecond + row / 3 * 60);
            json.WriteString("problem_id", $"abc{row / 6:000}_{(char)('a' + row % 6)}");
            json.WriteString("contest_id", $"abc{row / 6:000}");
            json.WriteString("user_id", profile!.UserId);
            json.WriteString("language", "C++14 (GCC 5.4.1)");
            json.WriteNumber("point", 100.0 * (1 + row % 6));
            json.WriteNumber("length", 500 + row % 900);
            json.WriteString("result", "AC");
            if (row % 11 == 0) json.WriteNull("execution_time");
            else json.WriteNumber("execution_time", row % 1900);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });
}
