using System.Text.RegularExpressions;

namespace OrleansBulk.Simulator.Worlds;

/// <summary>What a handle's spelling decides: whether it can exist, and which of the steered cases it is.</summary>
public static partial class HandleRules
{
    public const string MissingPrefix = "missing";
    public const string UnratedPrefix = "unrated";
    public const string OrganizationPrefix = "org-";
    public const string OldNamePrefix = "renamed_";
    public const string NewNamePrefix = "now_";

    public static bool IsMissing(string handle) => handle.StartsWith(MissingPrefix, StringComparison.OrdinalIgnoreCase);

    public static bool IsUnrated(string handle) => handle.StartsWith(UnratedPrefix, StringComparison.OrdinalIgnoreCase);

    public static bool IsOrganization(string handle) => handle.StartsWith(OrganizationPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>The name of today for an old Codeforces name (<c>renamed_x</c> is <c>now_x</c>), or null when the handle is no old name.</summary>
    public static string? NewName(string handle) =>
        handle.StartsWith(OldNamePrefix, StringComparison.OrdinalIgnoreCase) ? string.Concat(NewNamePrefix, handle.AsSpan(OldNamePrefix.Length)) : null;

    public static bool IsValid(string platform, string handle) => platform switch
    {
        Platforms.Codeforces => handle.Length is >= 3 and <= 24 && HasHandleLetters(handle),
        Platforms.GitHub => handle.Length is >= 1 and <= 39 && GitHubLogin().IsMatch(handle),
        _ => handle.Length is >= 1 and <= 40 && HasHandleLetters(handle),
    };

    /// <summary>Latin letters, digits, underscore, dash, and the dot of old Codeforces handles.</summary>
    internal static bool HasHandleLetters(string handle)
    {
        foreach (var letter in handle)
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '-' or '.')) return false;
        return true;
    }

    // Letters and digits with single dashes between them; the underscore occurs in enterprise-managed accounts.
    [GeneratedRegex("^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$")]
    private static partial Regex GitHubLogin();
}
