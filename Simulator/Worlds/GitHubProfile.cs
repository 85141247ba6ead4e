namespace OrleansBulk.Simulator.Worlds;

/// <summary>A GitHub account: a user, or an organisation for handles that start <c>org-</c>.</summary>
public sealed record GitHubProfile(string Login, long Id, bool IsOrganization, string? Name, string? Company, string Blog, string? Location, string? Bio,
    int PublicRepositories, int PublicGists, int Followers, int Following, int Contributions, DateTimeOffset Created, DateTimeOffset Updated)
{
    internal static GitHubProfile From(long seed, string handle, string canonical, int changes)
    {
        var draw = Draw.For(seed, Platforms.GitHub, handle);
        var person = Person.From(ref draw);
        var repositories = Growth.Of(seed, Platforms.GitHub, handle, changes, draw.Int(0, 80), most: 3);
        var created = new DateTimeOffset(2010, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(draw.Int(0, 430_000_000));
        return new GitHubProfile(canonical, 1_000_000 + (long)(draw.Next() % 190_000_000), HandleRules.IsOrganization(handle), person.FullName,
            person.Organization, draw.Chance(0.3) ? $"https://{handle.ToLowerInvariant()}.example" : "", person.City,
            draw.Chance(0.4) ? "A made-up account" : null, repositories, draw.Int(0, 30), draw.Int(0, 3000), draw.Int(0, 300), draw.Int(0, 2500),
            created, RatingHistory.FirstContest.AddDays(1400 + changes).AddSeconds(draw.Int(0, 80_000)));
    }
}
