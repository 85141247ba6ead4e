namespace OrleansBulk.Tabs;

/// <summary>Texts of a column of numbers that are numbers.</summary>
internal static class TabNumber
{
    private const int MostDigits = 15; // what a spreadsheet keeps of a number

    /// <summary>Digits with a minus and a point at most: neither <c>+5</c> nor <c>1e5</c>.</summary>
    public static bool Is(string text)
    {
        var digits = text.AsSpan(text.StartsWith('-') ? 1 : 0);
        var point = digits.IndexOf('.');
        return point < 0 ? IsDigits(digits) : IsDigits(digits[..point]) && IsDigits(digits[(point + 1)..]);
    }

    /// <summary>A number that a spreadsheet keeps as it is: no zero in front that would be lost (<c>007</c>), and no more digits than it holds.</summary>
    public static bool IsExact(string text)
    {
        var digits = text.AsSpan(text.StartsWith('-') ? 1 : 0);
        return Is(text) && !(digits.Length > 1 && digits[0] == '0' && digits[1] != '.') && digits.Length - (digits.Contains('.') ? 1 : 0) <= MostDigits;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => text.Length > 0 && !text.ContainsAnyExceptInRange('0', '9');
}
