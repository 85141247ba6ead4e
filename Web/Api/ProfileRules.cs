using System.Text;

namespace OrleansBulk.Web.Api;

/// <summary>What a scraped profile must be like, whatever format it came in.</summary>
internal static class ProfileRules
{
    public const int LongestId = 64;
    public const int LongestUsername = 256;
    public const int LongestFullName = 1000;

    /// <summary>Larger entries are refused with their body: they are no profiles, and they would have to be held in memory.</summary>
    public const int LargestEntry = 1024 * 1024;

    private static ReadOnlySpan<byte> Blanks => " \t\r\n"u8;

    /// <summary>Without blanks around it.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(Blanks);

    /// <summary>Why a profile is not taken, or null; the texts are trimmed.</summary>
    public static string? WhyInvalid(ReadOnlySpan<byte> id, ReadOnlySpan<byte> username, ReadOnlySpan<byte> fullName) =>
        WhyInvalid("id", id, LongestId, required: true) ?? WhyInvalid("username", username, LongestUsername, required: true) ?? WhyInvalid("full_name", fullName, LongestFullName, required: false);

    private static string? WhyInvalid(string name, ReadOnlySpan<byte> text, int longest, bool required)
    {
        if (text.IsEmpty)
        {
            return required ? $"{name} is missing" : null;
        }

        if (text.Length > longest && Characters(text) is var length && length > longest)
        {
            return $"{name} has {length} characters; at most {longest} are taken";
        }

        return text.ContainsAnyInRange((byte)0, (byte)0x1f) || text.Contains((byte)0x7f) ? $"{name} has a control character in it" : null;
    }

    private static int Characters(ReadOnlySpan<byte> text) => Encoding.UTF8.GetCharCount(text);
}
