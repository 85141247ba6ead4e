using System.Globalization;
using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>Reads LeetCode's <c>data</c>.</summary>
internal static class LeetCodeAnswers
{
    public static ProfileSnapshot Profile(JsonElement data, DateTimeOffset now)
    {
        var user = data.Require("matchedUser");
        var profile = user.Require("profile");
        var contest = data.Find("userContestRanking"); // null for who never took part
        var solved = (user.Find("submitStatsGlobal") ?? user.Require("submitStats")).List("acSubmissionNum");
        var calendar = Calendar(user.Text("submissionCalendar", int.MaxValue));
        var ranking = profile.Int("ranking");
        using var details = new ProfileDetails();
        return new ProfileSnapshot
        {
            Handle = user.RequireText("username"),
            Rating = contest?.Int("rating"),
            Rank = ranking is null ? null : string.Create(CultureInfo.InvariantCulture, $"#{ranking}"),
            SolvedTotal = Count(solved, "All"),
            SolvedEasy = Count(solved, "Easy"),
            SolvedMedium = Count(solved, "Medium"),
            SolvedHard = Count(solved, "Hard"),
            Contests = contest?.Int("attendedContestsCount"),
            Avatar = ProfileText.WebAddress(profile.Text("userAvatar", ProfileText.Long)),
            Country = profile.Text("countryName"),
            LastActiveAt = calendar.Count == 0 ? null : JsonFields.Epoch(calendar.Max(day => day.Day), "submissionCalendar"),
            Details = details
                .Text("realName", profile.Text("realName"))
                .Text("aboutMe", profile.Text("aboutMe", ProfileText.Long))
                .Text("company", profile.Text("company"))
                .Text("school", profile.Text("school"))
                .Texts("skillTags", profile.List("skillTags").Select(Tag))
                .Texts("websites", profile.List("websites").Select(Tag))
                .Text("githubUrl", user.Text("githubUrl", ProfileText.Long))
                .Text("twitterUrl", user.Text("twitterUrl", ProfileText.Long))
                .Text("linkedinUrl", user.Text("linkedinUrl", ProfileText.Long))
                .Number("ranking", ranking)
                .Number("reputation", profile.Int("reputation"))
                .Number("starRating", profile.Real("starRating"))
                .Number("contestRating", contest?.Real("rating"))
                .Number("globalRanking", contest?.Int("globalRanking"))
                .Number("totalParticipants", contest?.Int("totalParticipants"))
                .Number("topPercentage", contest?.Real("topPercentage"))
                .Text("contestBadge", contest?.Find("badge")?.Text("name"))
                .Texts("badges", user.List("badges").Select(badge => badge.Text("displayName")))
                .Numbers("submissionsPerDay", calendar.Select(day => KeyValuePair.Create(day.Day.ToString(CultureInfo.InvariantCulture), day.Submissions)))
                .ToJson(),
            FetchedAt = now,
        };
    }

    /// <summary>Contests that were attended; each says the rating after it.</summary>
    public static CallResult History(JsonElement data)
    {
        var points = new List<RatingPoint>();
        var before = 1500; // where LeetCode starts everybody
        foreach (var round in data.List("userContestRankingHistory").Where(round => round.Flag("attended") == true))
        {
            var contest = round.Require("contest");
            var after = round.Int("rating") ?? throw new FormatException("'rating' is missing.");
            points.Add(new RatingPoint(
                contest.EpochSeconds("startTime") ?? throw new FormatException("'startTime' is missing."), contest.RequireText("title"), round.Int("ranking"), before, after));
            before = after;
        }

        return new CallAnswered<RatingHistory>(new RatingHistory(points));
    }

    /// <summary>By name: the order of difficulties is nobody's promise.</summary>
    private static int? Count(IReadOnlyList<JsonElement> numbers, string difficulty)
    {
        foreach (var number in numbers)
        {
            if (number.Text("difficulty") == difficulty)
            {
                return number.Int("count");
            }
        }

        return null;
    }

    private static string? Tag(JsonElement tag) => tag.ValueKind == JsonValueKind.String ? ProfileText.Clean(tag.GetString()) : null;

    /// <summary>JSON inside a JSON string: epoch second of a day to submissions on it.</summary>
    private static List<(long Day, double Submissions)> Calendar(string? text)
    {
        if (text is null)
        {
            return [];
        }

        using var document = JsonDocument.Parse(text);
        var days = new List<(long, double)>();
        foreach (var day in document.RootElement.EnumerateObject())
        {
            days.Add((long.Parse(day.Name, NumberStyles.None, CultureInfo.InvariantCulture), day.Value.GetDouble()));
        }

        return days;
    }
}
