using System.Text.Json;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>What <c>/rate_limit</c> tells; asking it is free. Without a quota it is not there, as on an enterprise server without limits.</summary>
internal static class GitHubRateLimit
{
    private static readonly string[] Resources = ["core", "graphql"];

    public static Reply Answer(Knowledge know)
    {
        if (know.Rules.Quotas is null) return GitHubErrors.NotFound("https://docs.github.com/rest/rate-limit/rate-limit#get-rate-limit-status-for-the-authenticated-user");
        return Reply.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("resources");
            foreach (var resource in Resources) Write(json, resource, resource, know);
            json.WriteEndObject();
            Write(json, "rate", "core", know);
            json.WriteEndObject();
        });
    }

    private static void Write(Utf8JsonWriter json, string name, string resource, Knowledge know)
    {
        var state = know.Rules.Quotas!.Look(know.Token, resource, know.Now);
        json.WriteStartObject(name);
        json.WriteNumber("limit", state.Limit);
        json.WriteNumber("used", state.Used);
        json.WriteNumber("remaining", state.Remaining);
        json.WriteNumber("reset", state.ResetsAt.ToUnixTimeSeconds());
        json.WriteString("resource", resource);
        json.WriteEndObject();
    }
}
