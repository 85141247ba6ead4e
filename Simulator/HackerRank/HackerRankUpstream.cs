using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.HackerRank;

/// <summary>hackerrank.com/rest: profile, badges, scores. Only for clients that look like a browser.</summary>
internal sealed class HackerRankUpstream() : Upstream(Platforms.HackerRank)
{
    private const string Host = "hackerrank";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Host, "rest/contests/master/hackers/{user}/profile", http => Ask("profile", http, WriteProfile));
        routes.Get(Host, "rest/hackers/{user}/badges", http => Ask("badges", http, WriteBadges));
        routes.Get(Host, "rest/hackers/{user}/scores_elo", http => Ask("scores_elo", http, WriteScores));
        routes.Otherwise(Host, _ => NotFound());
    }

    private static Question Ask(string operation, HttpContext http, Action<Utf8JsonWriter, HackerRankProfile> write)
    {
        if (!BrowserCheck.Passes(http.Request)) return Question.Wrong("blocked", HtmlPages.Challenge());
        var user = (string)http.Request.RouteValues["user"]!;
        return Question.About(operation, user, know => know.World.HackerRank(user) is { } profile
            ? Reply.Json(200, json => write(json, profile)) with { Keys = KeyAnswer.Found }
            : NotFound() with { Keys = KeyAnswer.Missing });
    }

    private static Reply NotFound() => Reply.JsonText(404, """{"message":"The page you were looking for doesn't exist"}""");

    private static void WriteProfile(Utf8JsonWriter json, HackerRankProfile profile)
    {
        json.WriteStartObject();
        json.WriteStartObject("model");
        json.WriteNumber("id", profile.Id);
        json.WriteString("username", profile.Username);
        json.WriteString("name", profile.Person.FullName ?? profile.Username);
        json.WriteString("personal_first_name", profile.Person.FirstName);
        json.WriteString("personal_last_name", profile.Person.LastName);
        json.WriteString("created_at", profile.Created.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture));
        json.WriteNumber("level", profile.Level);
        json.WriteString("title", "");
        json.WriteString("avatar", "https://hrcdn.net/hackerrank/assets/defaults/profile_avatar.png");
        json.WriteString("country", profile.Person.Country);
        json.WriteString("school", profile.Person.Organization);
        json.WriteString("company", (string?)null);
        json.WriteNumber("followers_count", profile.Followers);
        json.WriteNumber("event_count", profile.Events);
        json.WriteString("website", "");
        json.WriteString("short_bio", "");
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteBadges(Utf8JsonWriter json, HackerRankProfile profile)
    {
        json.WriteStartObject();
        json.WriteBoolean("status", true);
        json.WriteStartArray("models");
        foreach (var badge in profile.Badges)
        {
            json.WriteStartObject();
            json.WriteString("badge_type", badge.Type);
            json.WriteString("badge_name", badge.Name);
            json.WriteString("url", $"/domains/{badge.Type}");
            json.WriteNumber("solved", badge.Solved);
            json.WriteNumber("total_challenges", badge.TotalChallenges);
            json.WriteNumber("stars", badge.Stars);
            json.WriteNumber("total_stars", 6);
            json.WriteNumber("level", Math.Min(3, badge.Stars / 2));
            json.WriteNumber("total_points", badge.Points);
            json.WriteNumber("current_points", badge.Points);
            json.WriteNumber("hacker_rank", badge.Rank);
            json.WriteNumber("progress_to_next_star", badge.Solved % 15 / 15.0);
            json.WriteNumber("upcoming_level", Math.Min(6, badge.Stars + 1));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("version", 1);
        json.WriteEndObject();
    }

    private static void WriteScores(Utf8JsonWriter json, HackerRankProfile profile)
    {
        json.WriteStartArray();
        foreach (var (badge, track) in profile.Badges.Select((badge, index) => (badge, index + 1)))
        {
            json.WriteStartObject();
            json.WriteNumber("track_id", track);
            json.WriteString("name", badge.Name);
            json.WriteString("slug", badge.Type);
            json.WriteStartObject("practice");
            json.WriteNumber("score", badge.Points);
            json.WriteNumber("rank", badge.Rank);
            json.WriteEndObject();
            json.WriteStartObject("contest");
            json.WriteNumber("score", profile.Rated ? badge.Points / 2 : 0);
            json.WriteNumber("rank", profile.Rated ? badge.Rank / 2 : 0);
            json.WriteNumber("percentile", profile.Rated ? 50.0 : 0);
            json.WriteNumber("competitions", profile.Rated ? profile.Events : 0);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
