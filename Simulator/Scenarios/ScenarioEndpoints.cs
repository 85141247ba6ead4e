using System.Text;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary><c>/__scenario</c>: read, replace, change.</summary>
internal static class ScenarioEndpoints
{
    public static void MapScenario(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/__scenario", (ScenarioStore store) => Document(store.Current.Scenario));
        endpoints.MapPut("/__scenario", (HttpRequest request, ScenarioStore store) => ChangeAsync(request, store.Replace));
        endpoints.MapPatch("/__scenario", (HttpRequest request, ScenarioStore store) => ChangeAsync(request, store.Change));
    }

    private static async Task<IResult> ChangeAsync(HttpRequest request, Func<string, Scenario> change)
    {
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var document = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        try
        {
            return Document(change(document));
        }
        catch (InvalidScenarioException invalid)
        {
            return Results.Problem(invalid.Message, statusCode: 400, title: "The scenario was not changed.");
        }
    }

    private static IResult Document(Scenario scenario) => Results.Text(ScenarioJson.Write(scenario), "application/json", Encoding.UTF8);
}
