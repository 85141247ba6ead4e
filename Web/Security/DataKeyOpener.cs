using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace OrleansBulk.Web.Security;

/// <summary>Opens what <see cref="DataKey"/> sealed. Its name stands in the database beside each key, by which the framework finds it.</summary>
internal sealed class DataKeyOpener(IServiceProvider services) : IXmlDecryptor
{
    public XElement Decrypt(XElement encryptedElement) =>
        DataKey.FromConfiguration(services.GetRequiredService<IConfiguration>())?.Decrypt(encryptedElement)
        ?? throw new CryptographicException($"This key was sealed with {DataKey.Setting}, which is not set now. Set it as before, or all sessions end.");
}
