using System.Text.Json;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Codeforces;

/// <summary>Answers in the envelope of the Codeforces API: <c>result</c> when OK, <c>comment</c> when FAILED.</summary>
internal static class CodeforcesBody
{
    public static Reply Failed(int status, string comment) => Reply.Json(status, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "FAILED");
        json.WriteString("comment", comment);
        json.WriteEndObject();
    });

    /// <param name="parameter"><c>handles</c> or <c>handle</c>: the name of the parameter is the prefix of the comment.</param>
    public static Reply NotFound(string parameter, string handle) => Failed(400, $"{parameter}: User with handle {handle.ToLowerInvariant()} not found");

    /// <summary>One element for each handle, in their order; the first unknown handle fails them all.</summary>
    public static Reply Info(string[] handles, Func<string, CodeforcesProfile?> find)
    {
        var profiles = new CodeforcesProfile[handles.Length];
        for (var i = 0; i < handles.Length; i++)
        {
            if (find(handles[i]) is { } profile) profiles[i] = profile;
            else return NotFound("handles", handles[i]) with { PerKey = OnlyMissing(handles.Length, i) };
        }
        return Ok(json =>
        {
            json.WriteStartArray();
            foreach (var profile in profiles) WriteUser(json, profile);
            json.WriteEndArray();
        }) with { Keys = KeyAnswer.Found };
    }

    public static Reply Rating(CodeforcesProfile profile) => Ok(json =>
    {
        json.WriteStartArray();
        foreach (var contest in profile.Contests)
        {
            json.WriteStartObject();
            json.WriteNumber("contestId", 1600 + contest.Number);
            json.WriteString("contestName", $"Codeforces Sample Round {contest.Number}");
            json.WriteString("handle", profile.Handle);
            json.WriteNumber("rank", contest.Rank);
            json.WriteNumber("ratingUpdateTimeSeconds", contest.EndedAt.ToUnixTimeSeconds());
            json.WriteNumber("oldRating", contest.OldRating);
            json.WriteNumber("newRating", contest.NewRating);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    /// <summary>Rows <paramref name="from"/> (1-based, newest first) and following, at most <paramref name="count"/>.</summary>
    public static Reply Status(CodeforcesProfile profile, int from, int count) => Ok(json =>
    {
        json.WriteStartArray();
        foreach (var submission in CodeforcesSubmission.NewestFirst(profile).Skip(from - 1).Take(count)) submission.Write(json, profile.Handle);
        json.WriteEndArray();
    });

    private static Reply Ok(Action<Utf8JsonWriter> writeResult) => Reply.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "OK");
        json.WritePropertyName("result");
        writeResult(json);
        json.WriteEndObject();
    });

    private static void WriteUser(Utf8JsonWriter json, CodeforcesProfile profile)
    {
        json.WriteStartObject();
        WriteOptional(json, "lastName", profile.Person.LastName);
        WriteOptional(json, "country", profile.Person.Country);
        json.WriteNumber("lastOnlineTimeSeconds", profile.LastOnline.ToUnixTimeSeconds());
        WriteOptional(json, "city", profile.Person.City);
        if (profile.Rating is { } rating) json.WriteNumber("rating", rating);
        json.WriteNumber("friendOfCount", profile.FriendOf);
        json.WriteString("titlePhoto", "https://userpic.codeforces.org/no-title.jpg");
        json.WriteString("handle", profile.Handle);
        json.WriteString("avatar", "https://userpic.codeforces.org/no-avatar.jpg");
        WriteOptional(json, "firstName", profile.Person.FirstName);
        json.WriteNumber("contribution", profile.Contribution);
        // Organisation is the field that comes as "" when it is not set; the others are left out.
        json.WriteString("organization", profile.Person.Organization ?? "");
        if (profile.Rank is { } rank) json.WriteString("rank", rank);
        if (profile.MaxRating is { } maxRating) json.WriteNumber("maxRating", maxRating);
        json.WriteNumber("registrationTimeSeconds", profile.Registered.ToUnixTimeSeconds());
        if (profile.MaxRank is { } maxRank) json.WriteString("maxRank", maxRank);
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    private static KeyAnswer[] OnlyMissing(int handles, int missing)
    {
        var answers = new KeyAnswer[handles];
        answers[missing] = KeyAnswer.Missing;
        return answers;
    }
}
