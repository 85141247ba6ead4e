using System.Net;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.CodeChef;

/// <summary>The pages of the site, with the elements that readers look for.</summary>
internal static class CodeChefPage
{
    public const string Home = "<!DOCTYPE html><html><head><title>CodeChef: Practical coding for everyone</title></head><body><h1>Welcome</h1></body></html>";

    public static string Ratings(string token) =>
        $"<!DOCTYPE html><html><head><title>Ratings</title><script>window.csrfToken=\"{token}\";</script></head><body><div id=\"root\"></div></body></html>";

    public static string Of(CodeChefProfile profile)
    {
        var (name, user) = (WebUtility.HtmlEncode(profile.Person.FullName ?? profile.Username), WebUtility.HtmlEncode(profile.Username));
        var page = new StringBuilder(4096);
        page.Append($"<!DOCTYPE html><html><head><title>{user} | CodeChef User Profile for {name}</title></head><body><main class=\"user-profile\">");
        page.Append($"<header><h1 class=\"h2-style\">{name}</h1></header><ul class=\"side-nav\"><li><label>Username:</label><span class=\"m-username--link\">{user}</span></li>");
        page.Append($"<li><label>Country:</label><span class=\"user-country-name\">{profile.Person.Country}</span></li><li><label>Institution:</label><span>{profile.Person.Organization}</span></li></ul>");
        page.Append("<aside><div class=\"rating-header text-center\">");
        page.Append($"<div class=\"rating-number\">{profile.Rating}</div><div class=\"rating-star\">");
        for (var star = 0; star < profile.Stars; star++) page.Append("<span>&#9733;</span>");
        page.Append($"</div><small>(Highest Rating {profile.HighestRating})</small></div>");
        page.Append($"<div class=\"rating-ranks\"><ul class=\"inline-list\"><li><a><strong>{profile.GlobalRank}</strong></a> Global Rank</li><li><a><strong>{profile.CountryRank}</strong></a> Country Rank</li></ul></div></aside>");
        page.Append($"<div class=\"contest-participated-count\">No. of Contests Participated: <b>{profile.Contests.Count}</b></div>");
        page.Append($"<section class=\"rating-data-section problems-solved\"><h3>Total Problems Solved: {profile.Solved}</h3></section>");
        page.Append($"<script>var all_rating = {AllRating(profile)};</script></main></body></html>");
        return page.ToString();
    }

    private static string AllRating(CodeChefProfile profile) => JsonSerializer.Serialize(profile.Contests.Select(contest => new
    {
        code = $"SAMPLE{contest.Number}",
        getyear = contest.EndedAt.Year.ToString(),
        getmonth = contest.EndedAt.Month.ToString(),
        getday = contest.EndedAt.Day.ToString(),
        reason = "",
        penalised_in = (string?)null,
        rating = contest.NewRating.ToString(),
        rank = contest.Rank.ToString(),
        name = $"Sample Starters {contest.Number}",
        end_date = contest.EndedAt.ToString("yyyy-MM-dd HH:mm:ss"),
        color = "#684273",
    }));
}
