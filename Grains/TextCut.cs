namespace OrleansBulk;

/// <summary>Shortens what strangers wrote without leaving half of a character: half of a surrogate pair is no text, and PostgreSQL takes none.</summary>
public static class TextCut
{
    /// <summary>At most so many UTF-16 units from the beginning; one less where the last would be the first half of a pair. What was no text before stays none.</summary>
    public static string Cut(this string text, int longest) =>
        text.Length <= longest ? text : text[..(longest > 0 && char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)];
}
