using System.Text.Json;

namespace OrleansBulk.CodingProfiles;

/// <summary>Reads an account from either of GitHub's APIs into the same shape.</summary>
internal static class GitHubAnswers
{
    public static ProfileSnapshot Rest(JsonElement user, string? etag, DateTimeOffset now) => new()
    {
        Handle = user.RequireText("login"),
        Rank = user.Text("type"), // User, Organization, Bot
        Avatar = ProfileText.WebAddress(user.Text("avatar_url", ProfileText.Long)),
        LastActiveAt = user.Instant("updated_at"),
        Details = Details(
            user,
            blog: "blog",
            twitter: "twitter_username",
            user.Int("followers"),
            user.Int("following"),
            user.Int("public_repos"),
            user.Instant("created_at")),
        ETag = etag,
        FetchedAt = now,
    };

    public static ProfileSnapshot Graph(JsonElement user, DateTimeOffset now) => new()
    {
        Handle = user.RequireText("login"),
        Rank = "User",
        Avatar = ProfileText.WebAddress(user.Text("avatarUrl", ProfileText.Long)),
        LastActiveAt = user.Instant("updatedAt"),
        Details = Details(
            user,
            blog: "websiteUrl",
            twitter: "twitterUsername",
            user.Find("followers")?.Int("totalCount"),
            user.Find("following")?.Int("totalCount"),
            user.Find("repositories")?.Int("totalCount"),
            user.Instant("createdAt")),
        FetchedAt = now,
    };

    private static string Details(JsonElement user, string blog, string twitter, int? followers, int? following, int? repositories, DateTimeOffset? created)
    {
        using var details = new ProfileDetails();
        return details
            .Text("name", user.Text("name"))
            .Text("company", user.Text("company"))
            .Text("location", user.Text("location"))
            .Text("bio", user.Text("bio", ProfileText.Long))
            .Text("blog", user.Text(blog, ProfileText.Long))
            .Text("twitter", user.Text(twitter))
            .Number("followers", followers)
            .Number("following", following)
            .Number("repositories", repositories)
            .Moment("createdAt", created)
            .ToJson();
    }
}
