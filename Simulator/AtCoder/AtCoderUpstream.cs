using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.AtCoder;

/// <summary>Two hosts: the community's AtCoder Problems API with counts, and the site's own rating history.</summary>
internal sealed class AtCoderUpstream() : Upstream(Platforms.AtCoder)
{
    private const string Site = "atcoder";
    private const string Problems = "atcoder-problems";
    private const string Api = "atcoder-api/v3";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Problems, $"{Api}/user/ac_rank", http => Rank("ac_rank", http, profile => (profile.AcceptedCount, profile.AcceptedRank)));
        routes.Get(Problems, $"{Api}/user/rated_point_sum_rank", http => Rank("rated_point_sum_rank", http, profile => (profile.RatedPointSum, profile.RatedPointSumRank)));
        routes.Get(Problems, $"{Api}/user/streak_rank", http => Rank("streak_rank", http, profile => (profile.Streak, profile.StreakRank)));
        routes.Get(Problems, $"{Api}/user/language_rank", http => Ask("language_rank", User(http), Languages));
        routes.Get(Problems, $"{Api}/user_info", http => Ask("user_info", User(http), profile => Info(User(http), profile)));
        routes.Get(Problems, $"{Api}/user/submissions", http => Ask("submissions", User(http), profile => AtCoderSubmissions.Page(profile, FromSecond(http))));
        routes.Get(Site, "users/{user}/history/json", History);
        routes.Otherwise(Problems, _ => NotFound());
        routes.Otherwise(Site, _ => SiteNotFound());
    }

    private static string User(HttpContext http) => http.Request.Query["user"].ToString();

    private static long FromSecond(HttpContext http) => long.TryParse(http.Request.Query["from_second"], CultureInfo.InvariantCulture, out var second) ? second : 0;

    private static Question Ask(string operation, string user, Func<AtCoderProfile?, Reply> answer)
    {
        if (user.Length == 0) return Question.Wrong(operation, Reply.JsonText(400, "{\"message\":\"user is missing\"}"));
        return Question.About(operation, user, know =>
        {
            var profile = know.World.AtCoder(user);
            return answer(profile) with { Keys = profile is null ? KeyAnswer.Missing : KeyAnswer.Found };
        });
    }

    private static Question Rank(string operation, HttpContext http, Func<AtCoderProfile, (long Count, int Rank)> select) => Ask(operation, User(http), profile =>
    {
        if (profile is null) return NotFound();
        var (count, rank) = select(profile);
        return Reply.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("count", count);
            json.WriteNumber("rank", rank);
            json.WriteEndObject();
        });
    });

    private static Reply Languages(AtCoderProfile? profile) => Reply.Json(200, json =>
    {
        json.WriteStartArray();
        foreach (var (language, count, rank) in profile?.Languages ?? [])
        {
            json.WriteStartObject();
            json.WriteString("language", language);
            json.WriteNumber("count", count);
            json.WriteNumber("rank", rank);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>The deprecated summary: zeros, and no 404, for a user it does not know.</summary>
    private static Reply Info(string user, AtCoderProfile? profile) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("user_id", profile?.UserId ?? user);
        json.WriteNumber("accepted_count", profile?.AcceptedCount ?? 0);
        json.WriteNumber("accepted_count_rank", profile?.AcceptedRank ?? 0);
        json.WriteNumber("rated_point_sum", profile?.RatedPointSum ?? 0);
        json.WriteNumber("rated_point_sum_rank", profile?.RatedPointSumRank ?? 0);
        json.WriteEndObject();
    });

    private static Question History(HttpContext http)
    {
        var user = (string)http.Request.RouteValues["user"]!;
        // Nobody here takes part in heuristic contests.
        var heuristic = http.Request.Query["contestType"] == "heuristic";
        return Question.About("history", user, know =>
        {
            var profile = know.World.AtCoder(user);
            var keys = profile is null ? KeyAnswer.Missing : KeyAnswer.Found;
            if (profile is null && know.Rules.Scenario.NotFound == NotFoundForm.Status) return SiteNotFound() with { Keys = keys };
            return Contests(heuristic ? [] : profile?.Contests ?? []) with { Keys = keys };
        });
    }

    private static Reply Contests(IReadOnlyList<RatedContest> contests) => Reply.Json(200, json =>
    {
        json.WriteStartArray();
        foreach (var contest in contests) WriteContest(json, contest);
        json.WriteEndArray();
    });

    private static void WriteContest(Utf8JsonWriter json, RatedContest contest)
    {
        json.WriteStartObject();
        json.WriteBoolean("IsRated", true);
        json.WriteNumber("Place", contest.Rank);
        json.WriteNumber("OldRating", contest.OldRating);
        json.WriteNumber("NewRating", contest.NewRating);
        json.WriteNumber("Performance", contest.NewRating + 120);
        json.WriteNumber("InnerPerformance", contest.NewRating + 120);
        json.WriteString("ContestScreenName", $"sample{contest.Number:000}.contest.atcoder.jp");
        json.WriteString("ContestName", $"AtCoder Sample Contest {contest.Number:000}");
        json.WriteString("ContestNameEn", "");
        json.WriteString("EndTime", contest.EndedAt.ToOffset(TimeSpan.FromHours(9)).ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture));
        json.WriteEndObject();
    }

    private static Reply NotFound() => new() { Status = 404, ContentType = "text/plain; charset=utf-8" };

    private static Reply SiteNotFound() => Reply.Html(404, "<!DOCTYPE html><html><head><title>404 Not Found - AtCoder</title></head><body><h1>404 Page Not Found</h1></body></html>");
}
