using System.Globalization;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.GitHub;

/// <summary>A user (or organisation) as the REST API tells it.</summary>
internal static class GitHubUser
{
    private static readonly (string Field, string Path)[] Links =
    [
        ("followers_url", "/followers"), ("following_url", "/following{/other_user}"), ("gists_url", "/gists{/gist_id}"), ("starred_url", "/starred{/owner}{/repo}"),
        ("subscriptions_url", "/subscriptions"), ("organizations_url", "/orgs"), ("repos_url", "/repos"), ("events_url", "/events{/privacy}"),
        ("received_events_url", "/received_events"),
    ];

    /// <summary>Changes with the data, and differs from token to token.</summary>
    public static string ETag(ProfileWorld world, string login, string? token)
    {
        var draw = Draw.For(world.Seed, "github/etag/" + token, login, world.ChangesOf(Platforms.GitHub, login));
        return string.Create(CultureInfo.InvariantCulture, $"W/\"{draw.Next():x16}{draw.Next():x16}{draw.Next():x16}{draw.Next():x16}\"");
    }

    public static bool Matches(string ifNoneMatch, string tag) =>
        ifNoneMatch == "*" || ifNoneMatch.Split(',').Any(candidate => Opaque(candidate.Trim()) == Opaque(tag));

    public static IReadOnlyList<(string, string)> Headers(GitHubProfile profile, string tag, bool authorised) =>
    [
        ("Cache-Control", $"{(authorised ? "private" : "public")}, max-age=60, s-maxage=60"),
        ("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, X-Requested-With"),
        ("ETag", tag),
        ("Last-Modified", profile.Updated.ToString("R", CultureInfo.InvariantCulture)),
        ("X-GitHub-Media-Type", "github.v3; format=json"),
        ("x-github-api-version-selected", "2022-11-28"),
        ("X-GitHub-Request-Id", $"{profile.Id:X4}:51A0:{profile.Updated.ToUnixTimeSeconds():X}"),
    ];

    public static string NodeId(GitHubProfile profile) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(profile.IsOrganization ? $"012:Organization{profile.Id}" : $"04:User{profile.Id}"));

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    public static Reply Body(GitHubProfile profile) => Reply.Json(200, json =>
    {
        var url = $"https://api.github.com/users/{profile.Login}";
        json.WriteStartObject();
        json.WriteString("login", profile.Login);
        json.WriteNumber("id", profile.Id);
        json.WriteString("node_id", NodeId(profile));
        json.WriteString("avatar_url", $"https://avatars.githubusercontent.com/u/{profile.Id}?v=4");
        json.WriteString("gravatar_id", "");
        json.WriteString("url", url);
        json.WriteString("html_url", $"https://github.com/{profile.Login}");
        foreach (var (field, path) in Links) json.WriteString(field, url + path);
        json.WriteString("type", profile.IsOrganization ? "Organization" : "User");
        json.WriteString("user_view_type", "public");
        json.WriteBoolean("site_admin", false);
        json.WriteString("name", profile.Name);
        json.WriteString("company", profile.Company);
        json.WriteString("blog", profile.Blog);
        json.WriteString("location", profile.Location);
        json.WriteString("email", (string?)null);
        json.WriteNull("hireable");
        json.WriteString("bio", profile.Bio);
        json.WriteString("twitter_username", (string?)null);
        json.WriteNumber("public_repos", profile.PublicRepositories);
        json.WriteNumber("public_gists", profile.PublicGists);
        json.WriteNumber("followers", profile.Followers);
        json.WriteNumber("following", profile.Following);
        json.WriteString("created_at", Time(profile.Created));
        json.WriteString("updated_at", Time(profile.Updated));
        json.WriteEndObject();
    });

    private static string Opaque(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;
}
