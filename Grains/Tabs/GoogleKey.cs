using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansBulk.Tabs;

/// <summary>A service account's key: signs what a token is asked for with.</summary>
internal sealed class GoogleKey
{
    private const string Scope = "https://www.googleapis.com/auth/spreadsheets";
    private const string Audience = "https://oauth2.googleapis.com/token";
    private static readonly TimeSpan Life = TimeSpan.FromHours(1); // the longest that Google accepts

    private readonly string _privateKey; // PEM; never leaves this class
    private readonly string? _keyId;
    private readonly string _audience;

    private GoogleKey(string email, string privateKey, string? keyId, string audience) => (Email, _privateKey, _keyId, _audience) = (email, privateKey, keyId, audience);

    /// <summary>Whom the spreadsheet must be shared with.</summary>
    public string Email { get; }

    /// <exception cref="FormatException">It is no key of a service account. The message says what is missing, and nothing of what is there.</exception>
    public static GoogleKey Parse(string json)
    {
        JsonNode? file;
        try
        {
            file = JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            throw new FormatException("it is not JSON"); // the parser's message may quote the file
        }

        return new GoogleKey(
            Text(file, "client_email") ?? throw new FormatException("it has no client_email"),
            Text(file, "private_key") ?? throw new FormatException("it has no private_key"),
            Text(file, "private_key_id"),
            Text(file, "token_uri") ?? Audience);
    }

    /// <summary>A JWT (RS256) that asks for a token.</summary>
    /// <exception cref="FormatException">The private key cannot be used.</exception>
    public string Sign(DateTimeOffset now)
    {
        var second = now.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = "RS256", ["typ"] = "JWT", ["kid"] = _keyId };
        var claims = new JsonObject { ["iss"] = Email, ["scope"] = Scope, ["aud"] = _audience, ["iat"] = second, ["exp"] = second + (long)Life.TotalSeconds };
        var signed = $"{Encode(header)}.{Encode(claims)}";
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportFromPem(_privateKey);
            return $"{signed}.{Base64Url.EncodeToString(rsa.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            throw new FormatException("its private_key is no RSA key");
        }
    }

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static string? Text(JsonNode? file, string name) =>
        file is JsonObject members && members[name] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;
}
