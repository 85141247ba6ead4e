using System.Globalization;
using System.Text.Json;
using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.LeetCode;

/// <summary>The part of LeetCode's schema that profile readers use.</summary>
internal static class LeetCodeSchema
{
    public static readonly GraphType<QuestionCount> QuestionCountNode = new GraphType<QuestionCount>("QuestionCountNode")
        .Text("difficulty", count => count.Difficulty)
        .Number("count", count => count.Count);

    private static readonly GraphType<SolvedCount> Accepted = new GraphType<SolvedCount>("SubmissionCountNode")
        .Text("difficulty", solved => solved.Difficulty)
        .Number("count", solved => solved.Count)
        .Number("submissions", solved => solved.Accepted);

    private static readonly GraphType<SolvedCount> Sent = new GraphType<SolvedCount>("SubmissionCountNode")
        .Text("difficulty", solved => solved.Difficulty)
        .Number("count", solved => solved.Count)
        .Number("submissions", solved => solved.Submissions);

    private static readonly GraphType<LeetCodeProfile> SubmitStats = new GraphType<LeetCodeProfile>("SubmitStatsNode")
        .List("acSubmissionNum", Accepted, profile => profile.Solved)
        .List("totalSubmissionNum", Sent, profile => profile.Solved);

    private static readonly GraphType<LeetCodeProfile> UserProfile = new GraphType<LeetCodeProfile>("UserProfileNode")
        .Text("realName", profile => profile.Person.FullName ?? "")
        .Text("userAvatar", profile => $"https://assets.leetcode.com/users/{profile.Username}/avatar.png")
        .Text("birthday", _ => null)
        .Number("ranking", profile => profile.Ranking)
        .Number("reputation", profile => profile.Reputation)
        .Real("starRating", profile => profile.StarRating)
        .Text("countryName", profile => profile.Person.Country)
        .Text("company", _ => null)
        .Text("school", profile => profile.Person.Organization)
        .Texts("skillTags", profile => profile.SkillTags)
        .Texts("websites", _ => [])
        .Text("aboutMe", _ => "");

    private static readonly GraphType<LeetCodeProfile> Contributions = new GraphType<LeetCodeProfile>("ContributionsNode")
        .Number("points", profile => profile.Reputation * 2)
        .Number("questionCount", _ => 0)
        .Number("testcaseCount", _ => 0);

    private static readonly GraphType<Badge> BadgeNode = new GraphType<Badge>("BadgeNode")
        .Text("id", badge => badge.Id)
        .Text("name", badge => badge.Name)
        .Text("displayName", badge => badge.Name)
        .Text("icon", _ => "https://assets.leetcode.com/static_assets/others/badge.png")
        .Text("creationDate", _ => "2025-01-15");

    public static readonly GraphType<LeetCodeProfile> UserNode = new GraphType<LeetCodeProfile>("UserNode")
        .Text("username", profile => profile.Username)
        .Text("githubUrl", _ => null)
        .Text("twitterUrl", _ => null)
        .Text("linkedinUrl", _ => null)
        .Object("profile", UserProfile, profile => profile)
        .Object("contributions", Contributions, profile => profile)
        .Object("submitStatsGlobal", SubmitStats, profile => profile)
        .Object("submitStats", SubmitStats, profile => profile)
        .Text("submissionCalendar", Calendar)
        .List("badges", BadgeNode, profile => profile.TotalSolved >= 365 ? [new Badge("1", "365 Days Badge")] : [])
        .List("upcomingBadges", BadgeNode, _ => [])
        .Object("activeBadge", BadgeNode, _ => null);

    private static readonly GraphType<Badge> ContestBadge = new GraphType<Badge>("ContestBadgeNode").Text("name", badge => badge.Name);

    public static readonly GraphType<LeetCodeProfile> ContestRanking = new GraphType<LeetCodeProfile>("UserContestRankingNode")
        .Number("attendedContestsCount", profile => profile.Contests.Count)
        .Real("rating", profile => profile.ContestRating ?? 0)
        .Number("globalRanking", profile => 1 + profile.Ranking % 600_000)
        .Number("totalParticipants", _ => 612_345)
        .Real("topPercentage", profile => Math.Round((1 + profile.Ranking % 600_000) / 6123.45, 2))
        .Object("badge", ContestBadge, profile => profile.ContestRating >= 1850 ? new Badge("k", profile.ContestRating >= 2200 ? "Guardian" : "Knight") : null);

    private static readonly GraphType<RatedContest> Contest = new GraphType<RatedContest>("ContestNode")
        .Text("title", contest => $"Weekly Contest {contest.Number}")
        .Number("startTime", contest => contest.EndedAt.ToUnixTimeSeconds() - 5400);

    public static readonly GraphType<RatedContest> ContestHistory = new GraphType<RatedContest>("UserContestRankingHistoryNode")
        .Flag("attended", _ => true)
        .Text("trendDirection", contest => contest.NewRating > contest.OldRating ? "UP" : "DOWN")
        .Number("problemsSolved", contest => contest.Number % 5)
        .Number("totalProblems", _ => 4)
        .Number("finishTimeInSeconds", contest => 600 + contest.Rank % 4800)
        .Real("rating", LeetCodeProfile.Precise)
        .Number("ranking", contest => contest.Rank)
        .Object("contest", Contest, contest => contest);

    public static readonly GraphType<Submission> SubmissionNode = new GraphType<Submission>("SubmissionDumpNode")
        .Text("id", submission => submission.Id.ToString(CultureInfo.InvariantCulture))
        .Text("title", submission => $"Sample Problem {submission.Id % 3000}")
        .Text("titleSlug", submission => $"sample-problem-{submission.Id % 3000}")
        .Text("timestamp", submission => submission.At.ToString(CultureInfo.InvariantCulture))
        .Text("statusDisplay", _ => "Accepted")
        .Text("lang", _ => "python3");

    /// <summary>The newest first; ids and times are text, as they are there.</summary>
    public static IEnumerable<Submission> Recent(LeetCodeProfile profile, int limit) =>
        profile.Calendar.Reverse().Take(Math.Clamp(limit, 0, 20)).Select(day => new Submission(1_000_000 + day.Key / 86_400 * 17, day.Key + 3600));

    private static string Calendar(LeetCodeProfile profile) => JsonSerializer.Serialize(profile.Calendar);

    internal sealed record QuestionCount(string Difficulty, int Count);

    internal sealed record Badge(string Id, string Name);

    internal sealed record Submission(long Id, long At);
}
