using OrleansBulk.CodingProfiles;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>Profiles in words, for pages.</summary>
public static class ProfileText
{
    /// <summary>The colour of a state, as a class of <c>app.css</c>.</summary>
    public static string Tone(ProfileRow profile) => profile.State switch
    {
        "found" => "good",
        "missing" => "bad",
        _ => "quiet",
    };

    public static string Number(int? number) => number is { } known ? PageWords.Number(known) : PageWords.Nothing;

    /// <summary><c>Max rank</c> for <c>maxRank</c>.</summary>
    public static string Name(string member) =>
        char.ToUpperInvariant(member[0]) + string.Concat(member.Skip(1).Select(letter => char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : letter.ToString()));
}
