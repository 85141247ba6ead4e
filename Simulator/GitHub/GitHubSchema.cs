using OrleansBulk.Simulator.Graph;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>The part of GitHub's schema that profile readers use.</summary>
internal static class GitHubSchema
{
    private static readonly GraphType<Total> Connection = new GraphType<Total>("Connection").Number("totalCount", total => total.Count);

    private static readonly GraphType<GitHubProfile> Calendar = new GraphType<GitHubProfile>("ContributionCalendar")
        .Number("totalContributions", profile => profile.Contributions);

    private static readonly GraphType<GitHubProfile> Contributions = new GraphType<GitHubProfile>("ContributionsCollection")
        .Object("contributionCalendar", Calendar, profile => profile)
        .Number("totalCommitContributions", profile => profile.Contributions * 3 / 4)
        .Number("totalPullRequestContributions", profile => profile.Contributions / 8)
        .Number("totalIssueContributions", profile => profile.Contributions / 16)
        .Number("restrictedContributionsCount", _ => 0);

    public static readonly GraphType<GitHubProfile> User = Account("User")
        .Text("company", profile => profile.Company)
        .Text("bio", profile => profile.Bio)
        .Flag("isHireable", _ => false)
        .Object("followers", Connection, profile => new Total(profile.Followers))
        .Object("following", Connection, profile => new Total(profile.Following))
        .Object("gists", Connection, profile => new Total(profile.PublicGists))
        .Object("starredRepositories", Connection, profile => new Total(profile.Following * 2))
        .Object("contributionsCollection", Contributions, profile => profile);

    public static readonly GraphType<GitHubProfile> Organization = Account("Organization")
        .Text("description", profile => profile.Bio);

    public static readonly GraphType<RateState> RateLimit = new GraphType<RateState>("RateLimit")
        .Number("limit", rate => rate.Limit)
        .Number("cost", rate => rate.Cost)
        .Number("remaining", rate => rate.Remaining)
        .Number("used", rate => rate.Used)
        .Number("nodeCount", rate => rate.Nodes)
        .Text("resetAt", rate => GitHubUser.Time(rate.ResetsAt));

    /// <summary>Every query of users costs one point, however many aliases it has: connections are asked for their totals only.</summary>
    public static RateState Rate(QuotaState? quota, int nodes) => quota is { } state
        ? new RateState(state.Limit, 1, state.Remaining, state.Used, nodes, state.ResetsAt)
        : new RateState(5000, 1, 5000, 0, nodes, DateTimeOffset.UnixEpoch);

    private static GraphType<GitHubProfile> Account(string name) => new GraphType<GitHubProfile>(name)
        .Text("id", GitHubUser.NodeId)
        .Number("databaseId", profile => profile.Id)
        .Text("login", profile => profile.Login)
        .Text("name", profile => profile.Name)
        .Text("location", profile => profile.Location)
        .Text("email", _ => "")
        .Text("websiteUrl", profile => profile.Blog.Length == 0 ? null : profile.Blog)
        .Text("twitterUsername", _ => null)
        .Text("avatarUrl", profile => $"https://avatars.githubusercontent.com/u/{profile.Id}?v=4")
        .Text("url", profile => $"https://github.com/{profile.Login}")
        .Text("createdAt", profile => GitHubUser.Time(profile.Created))
        .Text("updatedAt", profile => GitHubUser.Time(profile.Updated))
        .Object("repositories", Connection, profile => new Total(profile.PublicRepositories));

    internal sealed record Total(int Count);

    internal sealed record RateState(int Limit, int Cost, int Remaining, int Used, int Nodes, DateTimeOffset ResetsAt);
}
