using System.Text;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// Makes what strangers wrote about themselves fit to be stored: PostgreSQL refuses NUL and half surrogates, and nobody needs a name of a megabyte.
/// </summary>
internal static class ProfileText
{
    /// <summary>Characters of a name, a place, a title.</summary>
    public const int Short = 200;

    /// <summary>Characters of a biography or an address on the web.</summary>
    public const int Long = 1000;

    /// <summary>Without control characters and half surrogates, trimmed, cut to a length; null when nothing is left.</summary>
    public static string? Clean(string? text, int longest = Short)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var clean = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes()) // half surrogates come out as U+FFFD
        {
            if (clean.Length + rune.Utf16SequenceLength > longest)
            {
                break;
            }

            if (Rune.IsControl(rune))
            {
                clean.Append(' ');
            }
            else
            {
                clean.Append(rune);
            }
        }

        var result = clean.ToString().Trim();
        return result.Length == 0 ? null : result;
    }

    /// <summary>An absolute http or https address; one without a scheme (<c>//host/…</c>) becomes https. Null for anything else, so that no page links to a script.</summary>
    public static string? WebAddress(string? text)
    {
        if (Clean(text, int.MaxValue) is not { Length: <= Long } address)
        {
            return null;
        }

        address = address.StartsWith("//", StringComparison.Ordinal) ? "https:" + address : address;
        return Uri.TryCreate(address, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? address : null;
    }
}
