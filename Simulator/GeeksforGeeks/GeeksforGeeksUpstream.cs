using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GeeksforGeeks;

/// <summary>Two hosts of geeksforgeeks.org: one knows profiles, the other the problems that a user solved.</summary>
internal sealed class GeeksforGeeksUpstream() : Upstream(Platforms.GeeksforGeeks)
{
    private const string Auth = "geeksforgeeks-auth";
    private const string Practice = "geeksforgeeks-practice";
    private const int HighestBodyBytes = 65_536;

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Auth, "api-get/user-profile-info", http => Ask("profile", http.Request.Query["handle"].ToString(), "User not found",
            profile => GeeksforGeeksBody.Profile(profile)));
        routes.Post(Practice, "api/v1/user/problems/submissions", async http =>
        {
            var (handle, byDay) = Read(await RequestBody.ReadAsync(http.Request, HighestBodyBytes, http.RequestAborted));
            return Ask("submissions", handle, "Please enter valid user details", profile => byDay ? GeeksforGeeksBody.ByDay(profile) : GeeksforGeeksBody.Submissions(profile));
        });
        routes.Otherwise(Auth, _ => HtmlPages.NotFound());
        routes.Otherwise(Practice, _ => HtmlPages.NotFound());
    }

    private static Question Ask(string operation, string handle, string unknown, Func<GeeksforGeeksProfile, Reply> answer)
    {
        if (handle.Length == 0) return Question.Wrong(operation, GeeksforGeeksBody.Failed(400, "Please enter valid user details"));
        return Question.About(operation, handle, know => know.World.GeeksforGeeks(handle) is { } profile
            ? answer(profile) with { Keys = KeyAnswer.Found }
            : GeeksforGeeksBody.Failed(know.Rules.Scenario.NotFound == NotFoundForm.Body ? 200 : 400, unknown) with { Keys = KeyAnswer.Missing });
    }

    private static (string Handle, bool ByDay) Read(string? body)
    {
        try
        {
            using var document = JsonDocument.Parse(body ?? "");
            var root = document.RootElement;
            string Text(string name) => root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            return (Text("handle"), Text("requestType") == "getYearwiseUserSubmissions");
        }
        catch (JsonException)
        {
            return ("", false);
        }
    }
}
