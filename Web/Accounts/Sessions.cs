using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Accounts;

/// <summary>
/// Sessions of people. The cookie names the user, the stamp and the beginning; everything else is read again (at most <see cref="AccountOptions.UserAge"/>
/// old) with each request, so that a new password, a disabled user or another role counts at once for sessions that are already open.
/// </summary>
public sealed class Sessions(UserStore users, AccountOptions options, TimeProvider time) : CookieAuthenticationEvents
{
    public const string Scheme = CookieAuthenticationDefaults.AuthenticationScheme;
    private const string StampClaim = "stamp";
    private const string StartedItem = ".started";

    private readonly BriefCache<Guid, User?> _cache = new(options.UserAge, time);

    /// <summary>Gives the browser a session.</summary>
    public Task StartAsync(HttpContext context, User user)
    {
        var properties = new AuthenticationProperties { IsPersistent = false };
        properties.SetString(StartedItem, time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        _cache.Forget(user.Id);
        return context.SignInAsync(Scheme, Principal(user), properties);
    }

    public static Task EndAsync(HttpContext context) => context.SignOutAsync(Scheme);

    /// <summary>To be called when a user was changed here, so that it counts at once and not only when the cache is too old.</summary>
    public void Forget(Guid user) => _cache.Forget(user);

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        if (await CurrentUserAsync(context) is { } user)
        {
            context.ReplacePrincipal(Principal(user));
            return;
        }

        context.RejectPrincipal();
        await EndAsync(context.HttpContext);
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

    private async Task<User?> CurrentUserAsync(CookieValidatePrincipalContext context)
    {
        if (!Guid.TryParse(context.Principal?.FindFirstValue(ClaimTypes.NameIdentifier), out var id)
            || !long.TryParse(context.Properties.GetString(StartedItem), CultureInfo.InvariantCulture, out var started)
            || time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(started) >= options.SessionLongest)
        {
            return null;
        }

        // The read is shared by requests, so it does not end with the one that began it.
        var user = await _cache.GetAsync(id, key => users.FindAsync(key, CancellationToken.None), context.HttpContext.RequestAborted);
        return user is { IsDisabled: false } && context.Principal.FindFirstValue(StampClaim) == user.SecurityStamp.ToString() ? user : null;
    }

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
