namespace OrleansBulk.Providers;

/// <summary>The two-letter codes of states, territories and military places, as addresses of the United States have them.</summary>
public static class Places
{
    private static readonly HashSet<string> Codes = new(
        ("AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY "
            + "AS FM GU MH MP PR PW VI AA AE AP").Split(' '),
        StringComparer.Ordinal);

    public static IReadOnlyCollection<string> All => Codes;

    public static bool IsState(string code) => Codes.Contains(code);
}
