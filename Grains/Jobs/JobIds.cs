namespace OrleansBulk.Jobs;

/// <summary>Ids of jobs as people type them.</summary>
public static class JobIds
{
    private const int Digits = 32;

    /// <summary>The ids that begin like this text; nulls when none can.</summary>
    public static (Guid? Lowest, Guid? Highest) Range(string text)
    {
        var digits = text.Replace("-", "", StringComparison.Ordinal);
        return digits.Length is > 0 and <= Digits && digits.All(char.IsAsciiHexDigit)
            ? (Guid.ParseExact(digits.PadRight(Digits, '0'), "N"), Guid.ParseExact(digits.PadRight(Digits, 'f'), "N"))
            : (null, null);
    }
}
