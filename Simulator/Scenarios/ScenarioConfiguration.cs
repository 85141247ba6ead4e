using System.Text.Json.Nodes;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>
/// The scenario to start with: the defaults, over them the file that <c>Scenario</c> names, over that any <c>Scenario:…</c> member of the
/// configuration (<c>--Scenario:seed=7</c>, <c>Scenario__upstreams__github__limit__calls=5</c>).
/// </summary>
internal static class ScenarioConfiguration
{
    public static Scenario Read(IConfiguration configuration)
    {
        var section = configuration.GetSection("Scenario");
        var scenario = new Scenario();
        if (!string.IsNullOrEmpty(section.Value)) scenario = ScenarioJson.Merge(scenario, File.ReadAllText(section.Value));
        return section.GetChildren().Any() ? ScenarioJson.Merge(scenario, (JsonObject)Node(section)!) : scenario;
    }

    private static JsonNode? Node(IConfigurationSection section)
    {
        var children = section.GetChildren().ToList();
        if (children.Count == 0) return Scalar(section.Value);
        if (children.All(child => int.TryParse(child.Key, out _)))
            return new JsonArray([.. children.OrderBy(child => int.Parse(child.Key)).Select(Node)]);
        return new JsonObject(children.Select(child => KeyValuePair.Create(child.Key, Node(child))));
    }

    private static JsonNode? Scalar(string? text)
    {
        if (string.IsNullOrEmpty(text) || text == "null") return null;
        if (bool.TryParse(text, out var flag)) return flag;
        if (long.TryParse(text, out var whole)) return whole;
        return double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : text;
    }
}
