using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace OrleansBulk.Simulator.Scenarios;

/// <summary>The scenario as a JSON document.</summary>
public static class ScenarioJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        AllowTrailingCommas = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    public static string Write(Scenario scenario) => JsonSerializer.Serialize(scenario, Options);

    /// <summary>
    /// The scenario with the members of <paramref name="change"/> put over it: objects are merged member by member, everything else is
    /// replaced, and null means none (it does not bring a default back).
    /// </summary>
    /// <exception cref="InvalidScenarioException">The change is no JSON object, has an unknown member or a value out of range.</exception>
    public static Scenario Merge(Scenario scenario, string change)
    {
        JsonNode? parsed;
        try
        {
            parsed = JsonNode.Parse(change, documentOptions: Lenient);
        }
        catch (JsonException fault)
        {
            throw new InvalidScenarioException($"The scenario is not JSON: {fault.Message}", fault);
        }
        return Merge(scenario, parsed as JsonObject ?? throw new InvalidScenarioException("The scenario must be a JSON object."));
    }

    internal static Scenario Merge(Scenario scenario, JsonObject change)
    {
        var document = JsonSerializer.SerializeToNode(scenario, Options)!.AsObject();
        Put(change, document);
        Scenario merged;
        try
        {
            merged = document.Deserialize<Scenario>(Options)!;
        }
        catch (JsonException fault)
        {
            throw new InvalidScenarioException($"The scenario does not fit at {fault.Path ?? "$"}: {fault.Message}", fault);
        }
        ScenarioRules.Check(merged);
        return merged;
    }

    private static void Put(JsonObject change, JsonObject target)
    {
        foreach (var (name, value) in change)
        {
            // Configuration sources do not keep case, so an existing member is found without it.
            var key = target.Select(member => member.Key).FirstOrDefault(known => string.Equals(known, name, StringComparison.OrdinalIgnoreCase)) ?? name;
            if (value is JsonObject inner && target[key] is JsonObject existing) Put(inner, existing);
            else target[key] = value?.DeepClone();
        }
    }
}
