using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OrleansBulk.Storage;
using OrleansBulk.Web.Pages;

namespace OrleansBulk.Web.Security;

public static class SecuritySetup
{
    public static WebApplicationBuilder AddSecurity(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.WebHost.UseStaticWebAssets(); // wwwroot is found from the build output too, whatever the environment is called
        services.Configure<KestrelServerOptions>(Limit);
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(180));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.HeaderName = CrossSiteGuard.TokenHeader;
            antiforgery.SuppressXFrameOptionsHeader = true; // SecurityHeaders says it, more strictly
            antiforgery.Cookie.Name = "bulk-antiforgery";
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.Configure<CookieTempDataProviderOptions>(status =>
        {
            status.Cookie.Name = StatusMessage.Cookie;
            status.Cookie.HttpOnly = true;
            status.Cookie.SameSite = SameSiteMode.Lax;
            status.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.Configure<MvcOptions>(mvc => mvc.Filters.Add<StaleForms>());
        services.AddDataProtection().SetApplicationName("OrleansBulk");
        services.AddOptions<KeyManagementOptions>().Configure<Database, IConfiguration>(static (keys, database, configuration) =>
        {
            keys.XmlRepository = new DataProtectionKeyTable(database);
            keys.XmlEncryptor = DataKey.FromConfiguration(configuration);
        });
        return builder;
    }

    /// <summary>Headers, HSTS and <c>wwwroot</c>. The first thing in the pipeline.</summary>
    public static IApplicationBuilder UseSecurity(this IApplicationBuilder app) =>
        app.UseSecurityHeaders().UseHsts().UseStaticFiles(StaticFileCaching.Options);

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = BodyLimit.DefaultBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
    }
}
