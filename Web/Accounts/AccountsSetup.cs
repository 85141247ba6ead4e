using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace OrleansBulk.Web.Accounts;

public static class AccountsSetup
{
    private const string Either = "KeyOrSession";

    /// <summary>Users, keys, sessions, roles and the audit. Needs a <see cref="Storage.Database"/>.</summary>
    public static WebApplicationBuilder AddAccounts(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => AccountOptions.FromConfiguration(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<Passwords>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<ApiKeyStore>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<SignInThrottle>();
        services.AddSingleton<SignInDesk>();
        services.AddSingleton<EndedSessions>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<ApiKeyLookup>();
        services.AddSingleton<OngoingAccess>();
        services.AddSingleton<FirstAccess>();
        services.AddHostedService<FirstAccessStart>();
        services.AddSingleton<ApiKeyUse>();
        services.AddHostedService(provider => provider.GetRequiredService<ApiKeyUse>());

        services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, scheme => scheme.ForwardDefaultSelector = context =>
                context.Request.Headers.ContainsKey(ApiKeyAuthentication.Header) ? ApiKeyAuthentication.SchemeName : Sessions.Scheme)
            .AddScheme<AuthenticationSchemeOptions, ApiKeyAuthentication>(ApiKeyAuthentication.SchemeName, null)
            .AddCookie(Sessions.Scheme);
        services.AddOptions<CookieAuthenticationOptions>(Sessions.Scheme).Configure<AccountOptions>(Session);
        services.AddAuthorization(Policies.Add);
        return builder;
    }

    /// <summary>Says who is asking and whether they may. After routing.</summary>
    public static IApplicationBuilder UseAccounts(this IApplicationBuilder app) => app.UseAuthentication().UseAuthorization();

    private static void Session(CookieAuthenticationOptions cookie, AccountOptions options)
    {
        cookie.EventsType = typeof(Sessions);
        cookie.Cookie.Name = Sessions.Cookie;
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax; // strict would sign people out who follow a link from a chat or a ticket
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = options.SessionIdle;
        cookie.SlidingExpiration = true;
    }
}
