using System.Text.RegularExpressions;

namespace OrleansBulk.Web.Accounts;

/// <summary>What users may be called: letters, digits and <c>. _ - @</c>, 2 to 64 of them, beginning with a letter or digit. Case is kept but does not count.</summary>
public static partial class UserName
{
    public const int Longest = 64;

    public static bool IsValid(string name) => Shape().IsMatch(name);

    /// <summary>Under which the user is found.</summary>
    public static string Key(string name) => name.Trim().ToLowerInvariant();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@-]{1,63}\z")]
    private static partial Regex Shape();
}
