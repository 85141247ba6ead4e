using System.Text.Json;

namespace OrleansBulk.CodingProfiles;

/// <summary>Reads what Codeforces puts into <c>result</c>.</summary>
internal static class CodeforcesAnswers
{
    /// <summary>One profile per handle that was asked for, in that order.</summary>
    /// <exception cref="FormatException">More or fewer answers than questions, or in another order: no profile may get another's data.</exception>
    public static IReadOnlyList<ProfileSnapshot> Profiles(JsonElement result, List<string> asked, DateTimeOffset now)
    {
        var users = result.Elements("result");
        if (users.Count != asked.Count)
        {
            throw new FormatException($"{asked.Count} handles were asked for and {users.Count} answered.");
        }

        IReadOnlyList<ProfileSnapshot> profiles = [.. users.Select(user => Profile(user, now))];
        CheckOrder(profiles, asked);
        return profiles;
    }

    public static RatingHistory History(JsonElement result) => new([.. result.Elements("result")
        .Select(change => new RatingPoint(
            change.EpochSeconds("ratingUpdateTimeSeconds") ?? throw new FormatException("'ratingUpdateTimeSeconds' is missing."),
            change.RequireText("contestName"),
            change.Int("rank"),
            change.Int("oldRating") ?? throw new FormatException("'oldRating' is missing."),
            change.Int("newRating") ?? throw new FormatException("'newRating' is missing.")))
        .OrderBy(point => point.At)]);

    private static ProfileSnapshot Profile(JsonElement user, DateTimeOffset now)
    {
        using var details = new ProfileDetails();
        return new ProfileSnapshot
        {
            Handle = user.RequireText("handle"),
            Rating = user.Int("rating"), // absent for the unrated
            MaxRating = user.Int("maxRating"),
            Rank = user.Text("rank"),
            Avatar = ProfileText.WebAddress(user.Text("titlePhoto", ProfileText.Long) ?? user.Text("avatar", ProfileText.Long)),
            Country = user.Text("country"),
            LastActiveAt = user.EpochSeconds("lastOnlineTimeSeconds"),
            Details = details
                .Text("firstName", user.Text("firstName"))
                .Text("lastName", user.Text("lastName"))
                .Text("city", user.Text("city"))
                .Text("organization", user.Text("organization"))
                .Text("maxRank", user.Text("maxRank"))
                .Number("contribution", user.Int("contribution"))
                .Number("friendOfCount", user.Int("friendOfCount"))
                .Moment("registeredAt", user.EpochSeconds("registrationTimeSeconds"))
                .ToJson(),
            FetchedAt = now,
        };
    }

    /// <summary>A renamed account answers under its new name; but an answer under the name of another question, which itself got something else, is out of place.</summary>
    private static void CheckOrder(IReadOnlyList<ProfileSnapshot> profiles, List<string> asked)
    {
        HashSet<string>? misplaced = null;
        for (var i = 0; i < asked.Count; i++)
        {
            if (!Same(profiles[i].Handle, asked[i]))
            {
                (misplaced ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase)).Add(asked[i]);
            }
        }

        if (misplaced is not null && profiles.FirstOrDefault(profile => misplaced.Contains(profile.Handle)) is { } stray)
        {
            throw new FormatException($"The answers are not in the order of the questions: '{stray.Handle}' stands elsewhere.");
        }
    }

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
