using System.Globalization;

namespace OrleansBulk.Providers;

/// <summary>National Provider Identifiers: ten digits, the first one 1 or 2, the last one a check digit.</summary>
public static class NpiNumber
{
    public const long Least = 1_000_000_000;
    public const long Most = 2_999_999_999;

    /// <summary>What the prefix 80840, which every NPI is checked with, adds to the Luhn sum.</summary>
    private const int PrefixSum = 24;

    /// <summary>Whether it is an NPI by its range and its check digit. Whether it was ever given to anybody is another question.</summary>
    public static bool IsValid(long npi)
    {
        if (npi is < Least or > Most)
        {
            return false;
        }

        var sum = PrefixSum;
        for (var (rest, doubled) = (npi, false); rest > 0; rest /= 10, doubled = !doubled)
        {
            var digit = (int)(rest % 10);
            sum += !doubled ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
        }

        return sum % 10 == 0;
    }

    /// <summary>The NPI that begins with nine digits: 100000000 to 299999999.</summary>
    public static long Complete(long nineDigits)
    {
        for (var check = 0; check < 10; check++)
        {
            if (IsValid(nineDigits * 10 + check))
            {
                return nineDigits * 10 + check;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(nineDigits), nineDigits, "An NPI begins with nine digits from 100000000 to 299999999.");
    }

    /// <summary>Reads ten digits. False when they are not an NPI.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long npi) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out npi) && text.Length == 10 && IsValid(npi);
}
