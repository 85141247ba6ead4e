using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Reads a profile page of CodeChef. With a few expressions and no HTML parser: six values stand behind marks of their own, and a parser would be a dependency
/// of everybody for a platform that is off. A page without the rating's mark is not a profile.
/// </summary>
internal sealed partial class CodeChefPage(string html)
{
    public ProfileSnapshot Profile(string handle, DateTimeOffset now)
    {
        var rating = Number(Rating().Match(html)) ?? throw new FormatException("'rating-number' is missing.");
        var history = History();
        var stars = Stars().Match(html) is { Success: true } drawn ? drawn.Value.Count(character => character == '★') + Occurrences(drawn.Value, "&#9733;") : 0;
        using var details = new ProfileDetails();
        return new ProfileSnapshot
        {
            Handle = Text(User().Match(html)) ?? handle,
            Rating = rating == 0 ? null : rating,
            MaxRating = Number(Highest().Match(html)) is > 0 and var highest ? highest : null,
            Rank = stars == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{stars}★"),
            SolvedTotal = Number(Solved().Match(html)),
            Contests = Number(Contests().Match(html)) ?? (history.Points.Count == 0 ? null : history.Points.Count),
            Country = Text(Country().Match(html)),
            LastActiveAt = history.Points.Count == 0 ? null : history.Points[^1].At,
            Details = details
                .Text("name", Text(Name().Match(html)))
                .Number("globalRank", Number(GlobalRank().Match(html)))
                .Number("countryRank", Number(CountryRank().Match(html)))
                .Text("lastContest", history.Points.Count == 0 ? null : history.Points[^1].Contest)
                .ToJson(),
            FetchedAt = now,
        };
    }

    /// <summary>The script in the page that draws the rating chart holds it; numbers are strings there.</summary>
    public RatingHistory History()
    {
        var mark = html.IndexOf("all_rating", StringComparison.Ordinal);
        var start = mark < 0 ? -1 : html.IndexOf('[', mark, Math.Min(60, html.Length - mark));
        if (start < 0)
        {
            return new RatingHistory([]);
        }

        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(html[start..]));
        using var list = JsonDocument.ParseValue(ref reader);
        var points = new List<RatingPoint>();
        var before = 0;
        foreach (var change in list.RootElement.EnumerateArray())
        {
            var after = change.Int("rating") ?? throw new FormatException("'rating' is missing.");
            points.Add(new RatingPoint(At(change), change.RequireText("name"), change.Int("rank"), before, after));
            before = after;
        }

        return new RatingHistory(points);
    }

    private static DateTimeOffset At(JsonElement change)
    {
        if (change.Text("end_date") is { } text && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end))
        {
            return end;
        }

        return new DateTimeOffset(change.Int("getyear") ?? 1970, Math.Clamp(change.Int("getmonth") ?? 1, 1, 12), Math.Clamp(change.Int("getday") ?? 1, 1, 28), 0, 0, 0, TimeSpan.Zero);
    }

    private static int? Number(Match match) => match.Success
        ? int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{match.Value}' holds no number.")
        : null;

    private static string? Text(Match match) => match.Success ? ProfileText.Clean(WebUtility.HtmlDecode(match.Groups[1].Value)) : null;

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;

    [GeneratedRegex("""class="rating-number"[^>]{0,100}>\s*(\d{1,5})""")]
    private static partial Regex Rating();

    [GeneratedRegex("""class="rating-star"[^>]{0,100}>(?:(?!</div>).){0,600}""", RegexOptions.Singleline)]
    private static partial Regex Stars();

    [GeneratedRegex("""Highest Rating\s{0,20}(\d{1,5})""")]
    private static partial Regex Highest();

    [GeneratedRegex("""Total Problems Solved:\s{0,20}(\d{1,6})""")]
    private static partial Regex Solved();

    [GeneratedRegex("""No\. of Contests Participated:\s{0,20}(?:<b>)?\s{0,20}(\d{1,5})""")]
    private static partial Regex Contests();

    [GeneratedRegex("""<h1[^>]{0,100}class="h2-style"[^>]{0,100}>([^<]{1,200})<""")]
    private static partial Regex Name();

    [GeneratedRegex("""class="m-username--link"[^>]{0,100}>([^<]{1,60})<""")]
    private static partial Regex User();

    [GeneratedRegex("""class="user-country-name"[^>]{0,100}>([^<]{1,100})<""")]
    private static partial Regex Country();

    [GeneratedRegex("""<strong>(\d{1,9})</strong>\s{0,20}</a>\s{0,20}Global Rank""")]
    private static partial Regex GlobalRank();

    [GeneratedRegex("""<strong>(\d{1,9})</strong>\s{0,20}</a>\s{0,20}Country Rank""")]
    private static partial Regex CountryRank();
}
