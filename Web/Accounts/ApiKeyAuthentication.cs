using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Accounts;

/// <summary>Lets programs in by the header <c>X-Api-Key</c>. Never redirects: whoever sends a key reads problem+json.</summary>
internal sealed class ApiKeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ApiKeyLookup keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "ApiKey";
    public const string Header = "X-Api-Key";
    public const string Challenge = $"ApiKey realm=\"OrleansBulk\", header=\"{Header}\"";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var header = Request.Headers[Header];
        if (header is not [{ } secret])
        {
            return AuthenticateResult.NoResult();
        }

        if (await keys.FindAsync(secret, Context.RequestAborted) is not { IsRevoked: false } key)
        {
            return AuthenticateResult.Fail("The API key is unknown or was revoked.");
        }

        var identity = new ClaimsIdentity(SchemeName);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, key.Id.ToString()));
        identity.AddClaim(new(ClaimTypes.Name, Actor.KeyPrefix + key.Name));
        identity.AddClaim(new(ClaimTypes.Role, key.Scope));
        return AuthenticateResult.Success(new(new(identity), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = Challenge;
        return Problems.Unauthorized($"The key in {Header} is unknown or was revoked. Send one that an admin made and that is still in use.").ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        Problems.Forbidden($"This needs more than the scope '{Context.User.FindFirstValue(ClaimTypes.Role)}' of the key. Ask an admin for a key with a higher scope.").ExecuteAsync(Context);
}
