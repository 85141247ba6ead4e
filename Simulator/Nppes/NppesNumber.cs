namespace OrleansBulk.Simulator.Nppes;

/// <summary>NPIs end with a check digit: Luhn's, over 80840 and the first nine digits.</summary>
internal static class NppesNumber
{
    public static long Complete(long nineDigits)
    {
        var sum = 24;
        for (var (rest, doubled) = (nineDigits, true); rest > 0; rest /= 10, doubled = !doubled)
        {
            var digit = (int)(rest % 10);
            sum += !doubled ? digit : digit < 5 ? digit * 2 : digit * 2 - 9;
        }
        return nineDigits * 10 + (10 - sum % 10) % 10;
    }
}
