namespace OrleansBulk.CodingProfiles;

/// <summary>What a handle of a platform can look like: Latin letters, digits and a few other characters. Saves calls that could only fail.</summary>
/// <param name="Platform">In words, for the sentence.</param>
/// <param name="Others">Characters allowed beside letters and digits.</param>
internal sealed record HandleRule(string Platform, int Shortest, int Longest, string Others)
{
    public string? WhyInvalid(string handle)
    {
        if (handle.Length < Shortest || handle.Length > Longest)
        {
            return $"A {Platform} handle has {Shortest} to {Longest} characters; this one has {handle.Length}.";
        }

        foreach (var character in handle)
        {
            if (!char.IsAsciiLetterOrDigit(character) && !Others.Contains(character))
            {
                return $"A {Platform} handle has only Latin letters, digits and {string.Join(' ', Others.AsEnumerable())}; this one has {Show(character)}.";
            }
        }

        return null;
    }

    private static string Show(char character) =>
        char.IsControl(character) || char.IsWhiteSpace(character) || char.IsSurrogate(character) ? $"U+{(int)character:X4}" : $"'{character}'";
}
