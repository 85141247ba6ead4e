using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OrleansBulk.Web.Accounts;

/// <summary>The text of an API key: <c>bulk_</c> and 43 characters that hold 256 random bits. A key brought from outside may be any text of 20 characters or more.</summary>
public static class ApiKeySecret
{
    public const int Shortest = 20;
    public const int Longest = 200;
    private const int PrefixLength = 9;

    public static string New() => "bulk_" + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether it can be a key at all; what cannot is refused without asking the database.</summary>
    public static bool IsPossible(string secret) =>
        secret.Length is >= Shortest and <= Longest && !secret.AsSpan().ContainsAnyExceptInRange('!', '~');

    /// <summary>256 random bits need no slow hash: nobody can try them all.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    public static string Prefix(string secret) => secret[..PrefixLength];
}
