using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace OrleansBulk.Web.Security;

/// <summary>
/// Seals the keys that protect cookies with <c>BULK_DATA_KEY</c>, so that who reads the database, or a copy of it, cannot make sessions. Without the
/// setting they lie in the database in clear, and the framework warns of it. Another value ends all sessions and does no other harm.
/// </summary>
internal sealed class DataKey : IXmlEncryptor
{
    public const string Setting = "BULK_DATA_KEY";
    private const int Shortest = 20;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] _key;

    private DataKey(string secret) =>
        _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), 32, info: "OrleansBulk data protection keys"u8.ToArray());

    /// <returns>Null when there is no such setting.</returns>
    /// <exception cref="SiloStartException">It is too short to be a secret.</exception>
    public static DataKey? FromConfiguration(IConfiguration configuration) => configuration[Setting] switch
    {
        null or "" => null,
        { Length: < Shortest } secret => throw new SiloStartException(
            $"{Setting} cannot be used: it has {secret.Length} characters and needs at least {Shortest}. Make one with: openssl rand -base64 32"),
        var secret => new(secret),
    };

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        var plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(Nonce(box));
        using var aes = new AesGcm(_key, TagBytes);
        aes.Encrypt(Nonce(box), plain, Text(box), Tag(box));
        return new(new XElement("sealed", Convert.ToBase64String(box)), typeof(DataKeyOpener));
    }

    /// <exception cref="CryptographicException">It was sealed with another key.</exception>
    public XElement Decrypt(XElement encryptedElement)
    {
        var box = Convert.FromBase64String(encryptedElement.Value);
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(_key, TagBytes);
        aes.Decrypt(Nonce(box), Text(box), Tag(box), plain);
        return XElement.Parse(Encoding.UTF8.GetString(plain));
    }

    private static Span<byte> Nonce(byte[] box) => box.AsSpan(0, NonceBytes);

    private static Span<byte> Tag(byte[] box) => box.AsSpan(NonceBytes, TagBytes);

    private static Span<byte> Text(byte[] box) => box.AsSpan(NonceBytes + TagBytes);
}
