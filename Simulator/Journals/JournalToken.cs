using System.Security.Cryptography;
using System.Text;

namespace OrleansBulk.Simulator.Journals;

/// <summary>A caller's token, or key, as the journal may tell it: anybody can read the journal, and somebody may have sent a real one.</summary>
internal static class JournalToken
{
    private const string Simulated = "simulated";

    /// <summary>A token that says itself that it is simulated; of another one nothing but a mark by which its calls can be told from those of others.</summary>
    public static string? Masked(string? token) => token is null || token.StartsWith(Simulated, StringComparison.Ordinal) ? token
        : $"masked-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)))[..8]}";
}
