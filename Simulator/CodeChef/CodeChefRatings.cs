using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.CodeChef;

/// <summary>The answer of the rating list; ratings are numbers in text there.</summary>
internal static class CodeChefRatings
{
    public static Reply Of(IReadOnlyList<CodeChefProfile> profiles) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("list");
        foreach (var profile in profiles)
        {
            json.WriteStartObject();
            json.WriteString("name", profile.Person.FullName ?? profile.Username);
            json.WriteString("username", profile.Username);
            json.WriteString("rating", profile.Rating.ToString());
            json.WriteNumber("global_rank", profile.GlobalRank);
            json.WriteNumber("country_rank", profile.CountryRank);
            json.WriteString("country", profile.Person.Country ?? "");
            json.WriteString("institution", profile.Person.Organization ?? "");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("availablePages", profiles.Count == 0 ? 0 : 1);
        json.WriteEndObject();
    });
}
