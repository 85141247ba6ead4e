namespace OrleansBulk.Distribution;

/// <summary>What somebody wants handed out.</summary>
/// <param name="Name">The same name again is the same distribution.</param>
/// <param name="Recipients">Each once, in order; a remainder goes to the first of them.</param>
/// <param name="AllowPartial">Takes what is there when there are too few.</param>
public sealed record DistributionRequest(string Name, int Count, IReadOnlyList<string> Recipients, bool AllowPartial)
{
    public const int DefaultCount = 14_400;
    public const int MostUsernames = 1_000_000;
    public const int MostRecipients = 10_000;
    public const int LongestName = 200;

    /// <summary>What is wrong with it, as a sentence; null: nothing.</summary>
    public string? Problem()
    {
        if (WhyBad("name", Name) is { } why)
        {
            return why;
        }

        if (Count is < 1 or > MostUsernames)
        {
            return $"count is {Count}; it must be 1 to {MostUsernames:N0}.";
        }

        if (Recipients.Count is 0 or > MostRecipients)
        {
            return $"There are {Recipients.Count} recipients; there must be 1 to {MostRecipients:N0}.";
        }

        return Recipients.Select((recipient, place) => WhyBad($"recipients[{place}]", recipient)).FirstOrDefault(bad => bad is not null)
            ?? (Recipients.GroupBy(recipient => recipient, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice ? $"The recipient '{twice.Key}' stands in the list more than once." : null);
    }

    /// <summary>Recipients without names of their own.</summary>
    public static IReadOnlyList<string> Numbered(int count) => [.. Enumerable.Range(1, count).Select(number => $"recipient {number}")];

    private static string? WhyBad(string what, string? text) =>
        text is null or { Length: 0 or > LongestName } || text.Any(char.IsControl) || text.Any(char.IsSurrogate) && !IsText(text) ? $"{what} must be a text of 1 to {LongestName} characters without control characters." : null;

    private static bool IsText(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text)) == text;
}

/// <summary>What became of a request. Closed: <see cref="DistributionMade"/>, <see cref="TooFewUnused"/>.</summary>
public abstract record DistributionReply;

/// <param name="IsNew">False: it was made before under this name.</param>
public sealed record DistributionMade(DistributionRow Distribution, bool IsNew) : DistributionReply;

/// <summary>Other distributions were made all the time that this one could wait.</summary>
public sealed class DistributionBusyException(TimeSpan waited) : Exception($"Other distributions are being made; this one waited {waited.TotalSeconds:0} s in vain. Nothing was handed out under its name.");

/// <summary>Nothing was taken, nor written.</summary>
public sealed record TooFewUnused(int Available) : DistributionReply;
