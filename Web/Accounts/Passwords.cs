using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrleansBulk.Web.Accounts;

/// <summary>Hashes passwords and compares them, slowly on purpose (PBKDF2 with HMAC-SHA-512).</summary>
public sealed class Passwords
{
    public const int Shortest = 12;
    public const int Longest = 200;

    // The OWASP figure for PBKDF2-HMAC-SHA512: about 70 ms of one core.
    internal const int Iterations = 210_000;

    private readonly PasswordHasher<object> _hasher;
    private readonly Lazy<string> _nobody;

    public Passwords()
        : this(Iterations)
    {
    }

    /// <summary>With another cost, for tests that sign in often.</summary>
    internal Passwords(int iterations)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        _nobody = new(() => Hash(Random()));
    }

    /// <summary>A new password with 120 random bits.</summary>
    public static string Random() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(15)).Replace('+', '-').Replace('/', '_');

    /// <summary>What is wrong with a new password, or null.</summary>
    public static string? Fault(string? password) => password?.Length switch
    {
        null or < Shortest => $"A password has at least {Shortest} characters.",
        > Longest => $"A password has at most {Longest} characters.",
        _ => null,
    };

    public string Hash(string password) => _hasher.HashPassword(this, password);

    public PasswordVerificationResult Verify(string hash, string password) => _hasher.VerifyHashedPassword(this, hash, password);

    /// <summary>Takes as long as <see cref="Verify"/> and says no, so that unknown names cannot be told from known ones by the clock.</summary>
    public void VerifyNobody(string password) => _hasher.VerifyHashedPassword(this, _nobody.Value, password);
}
