using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Sessions of people. The cookie names the session, the user, the stamp and the beginning; everything else is read again (at most
/// <see cref="AccountOptions.UserAge"/> old) with each request, so that a new password, a disabled user, another role or the end of the session counts at once for
/// sessions that are already open, and for copies of their cookies.
/// </summary>
public sealed class Sessions(UserStore users, EndedSessions ended, AccountOptions options, TimeProvider time) : CookieAuthenticationEvents
{
    public const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
    public const string Cookie = "bulk-session";
    private const string StampClaim = "stamp";
    private const string StartedItem = ".started";
    private const string SessionItem = ".session";

    private readonly BriefCache<Guid, User?> _cache = new(options.UserAge, time);
    private readonly BriefCache<Guid, bool> _ended = new(options.UserAge, time);

    /// <summary>Gives the browser a session.</summary>
    public Task StartAsync(HttpContext context, User user)
    {
        var properties = new AuthenticationProperties { IsPersistent = false };
        properties.SetString(StartedItem, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        properties.SetString(SessionItem, Guid.CreateVersion7().ToString());
        _cache.Forget(user.Id);
        return context.SignInAsync(Scheme, Principal(user), properties);
    }

    /// <summary>Ends the session of the request, whoever else has its cookie.</summary>
    public async Task EndAsync(HttpContext context)
    {
        if ((await context.AuthenticateAsync(Scheme)).Properties is { } properties && IdOf(properties) is { } id)
        {
            await ended.AddAsync(id, time.GetUtcNow() + options.SessionLongest);
            _ended.Forget(id);
        }

        await context.SignOutAsync(Scheme);
    }

    /// <summary>Whether the session that a request came with still holds: for answers that take long.</summary>
    public async Task<bool> HoldsAsync(HttpContext context, CancellationToken cancellationToken) =>
        await context.AuthenticateAsync(Scheme) is { Succeeded: true } result && await CurrentUserAsync(result.Principal, result.Properties, cancellationToken) is not null;

    /// <summary>To be called when a user was changed here, so that it counts at once and not only when the cache is too old.</summary>
    public void Forget(Guid user) => _cache.Forget(user);

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        if (await CurrentUserAsync(context.Principal, context.Properties, context.HttpContext.RequestAborted) is { } user)
        {
            context.ReplacePrincipal(Principal(user));
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(Scheme); // the cookie goes; there is nothing to end
    }

    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        var http = context.HttpContext;
        if (ApiPaths.Cover(http.Request.Path))
        {
            http.Response.Headers.WWWAuthenticate = ApiKeyAuthentication.Challenge;
            return Problems.Unauthorized($"Nobody is signed in. Send an API key in the header {ApiKeyAuthentication.Header}, or sign in at /account/sign-in.")
                .ExecuteAsync(http);
        }

        // Only what can be asked for with GET can be gone back to after the sign-in.
        var asked = HttpMethods.IsGet(http.Request.Method);
        var back = QueryString.Create("returnUrl", http.Request.PathBase + (asked ? http.Request.Path + http.Request.QueryString : http.Request.Path.Value));
        http.Response.Redirect($"{http.Request.PathBase}/account/sign-in{(asked ? back : back.Add("ended", "true"))}");
        return Task.CompletedTask;
    }

    public override Task RedirectToAccessDenied(RedirectContext<CookieAuthenticationOptions> context)
    {
        var http = context.HttpContext;
        var problem = Problems.Forbidden($"This needs more than the role '{http.User.FindFirstValue(ClaimTypes.Role)}'. Ask an admin for a higher one.");
        return ApiPaths.Cover(http.Request.Path) ? problem.ExecuteAsync(http) : ErrorPage.WriteAsync(http, problem);
    }

    private async Task<User?> CurrentUserAsync(ClaimsPrincipal? principal, AuthenticationProperties properties, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id) || IdOf(properties) is not { } session
            || !long.TryParse(properties.GetString(StartedItem), CultureInfo.InvariantCulture, out var started)
            || time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(started) >= options.SessionLongest)
        {
            return null;
        }

        // The reads are shared by requests, so they do not end with the one that began them.
        var user = await _cache.GetAsync(id, key => users.FindAsync(key, CancellationToken.None), cancellationToken);
        return user is { IsDisabled: false } && principal.FindFirstValue(StampClaim) == user.SecurityStamp.ToString()
            && !await _ended.GetAsync(session, key => ended.HasAsync(key, CancellationToken.None), cancellationToken) ? user : null;
    }

    private static Guid? IdOf(AuthenticationProperties properties) => Guid.TryParse(properties.GetString(SessionItem), out var id) ? id : null;

    private static ClaimsPrincipal Principal(User user)
    {
        var identity = new ClaimsIdentity(Scheme);
        identity.AddClaim(new(ClaimTypes.NameIdentifier, user.Id.ToString()));
        identity.AddClaim(new(ClaimTypes.Name, user.Name));
        identity.AddClaim(new(ClaimTypes.Role, user.Role));
        identity.AddClaim(new(StampClaim, user.SecurityStamp.ToString()));
        return new(identity);
    }
}
