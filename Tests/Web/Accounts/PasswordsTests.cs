using System.Buffers.Binary;
using Microsoft.AspNetCore.Identity;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Web.Accounts;

public sealed class PasswordsTests
{
    [Fact]
    public void Hash_CostsWhatOwaspAsksFor_AndDiffersEachTime()
    {
        var passwords = new Passwords();
        var (hash, again) = (passwords.Hash(TestWeb.AdminPassword), passwords.Hash(TestWeb.AdminPassword));
        var bytes = Convert.FromBase64String(hash);

        Assert.Equal(1, bytes[0]); // Identity's version 3: PBKDF2
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(1))); // HMAC-SHA-512
        Assert.True(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(5)) >= 210_000);
        Assert.NotEqual(hash, again);
        Assert.Equal(PasswordVerificationResult.Success, passwords.Verify(hash, TestWeb.AdminPassword));
        Assert.Equal(PasswordVerificationResult.Failed, passwords.Verify(hash, TestWeb.AdminPassword + " "));
    }

    [Fact]
    public void RandomPassword_PassesTheRules_AndIsNeverTheSame()
    {
        var made = Enumerable.Range(0, 100).Select(_ => Passwords.Random()).ToHashSet();
        Assert.Equal(100, made.Count);
        Assert.All(made, password => Assert.Null(Passwords.Fault(password)));
        Assert.All(made, password => Assert.Matches("^[A-Za-z0-9_-]{20}$", password));
    }
}
