using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>The one service account: its key file, and whether an assertion was signed with it.</summary>
internal sealed class ServiceAccount
{
    public const string Audience = "https://oauth2.googleapis.com/token";
    public const string Scope = "https://www.googleapis.com/auth/spreadsheets";
    private const string Email = "tab-sync@simulated.iam.gserviceaccount.com";

    private readonly RSA _public;

    private ServiceAccount(RSA publicHalf, string keyFile) => (_public, KeyFile) = (publicHalf, keyFile);

    public string KeyFile { get; }

    public static ServiceAccount Create()
    {
        using var key = RSA.Create(2048);
        var publicHalf = RSA.Create(key.ExportParameters(includePrivateParameters: false));
        return new ServiceAccount(publicHalf, JsonSerializer.Serialize(new
        {
            type = "service_account",
            project_id = "simulated",
            private_key_id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)),
            private_key = key.ExportPkcs8PrivateKeyPem() + "\n",
            client_email = Email,
            client_id = "100000000000000000001",
            token_uri = Audience,
        }));
    }

    /// <summary>What is wrong with the assertion: an error and its description; null when it may have a token.</summary>
    public (string Error, string Description)? Check(string assertion, DateTimeOffset now)
    {
        try
        {
            if (assertion.Split('.') is not [var header, var claims, var signature]) return ("invalid_grant", "Bad Request");
            var head = JsonDocument.Parse(Base64Url.DecodeFromChars(header)).RootElement;
            var body = JsonDocument.Parse(Base64Url.DecodeFromChars(claims)).RootElement;
            if (Text(body, "iss") != Email) return ("invalid_grant", "Invalid grant: account not found");
            if (Text(head, "alg") != "RS256"
                || !_public.VerifyData(Encoding.ASCII.GetBytes($"{header}.{claims}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))
                return ("invalid_grant", "Invalid JWT Signature.");
            if (Text(body, "aud") != Audience) return ("invalid_grant", $"Invalid JWT: Failed audience check. The right audience is {Audience}");
            if (string.IsNullOrWhiteSpace(Text(body, "scope"))) return ("invalid_scope", "Empty or missing scope not allowed.");
            if (Text(body, "scope") != Scope) return ("invalid_scope", "Bad Request");
            return IsTimely(Second(body, "iat"), Second(body, "exp"), now.ToUnixTimeSeconds())
                ? null
                : ("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.");
        }
        catch (Exception unreadable) when (unreadable is FormatException or JsonException or InvalidOperationException)
        {
            return ("invalid_grant", "Invalid JWT: Failed to parse.");
        }
    }

    /// <summary>Clocks may differ by five minutes.</summary>
    private static bool IsTimely(long issued, long expires, long now) => issued <= now + 300 && expires > now - 300 && expires > issued && expires - issued <= 3600;

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long Second(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.TryGetInt64(out var second) ? second : 0;
}
