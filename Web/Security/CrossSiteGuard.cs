using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Errors;

namespace OrleansBulk.Web.Security;

/// <summary>
/// Refuses changes that another site makes a signed-in browser send. A browser sends the session by itself, so a request that changes something has to
/// come from a page of ours (<c>Sec-Fetch-Site: same-origin</c>, which no script can set) or carry the token of one. API keys are exempt: no browser
/// sends those by itself. Razor Pages check their own forms.
/// </summary>
public static class CrossSiteGuard
{
    public const string TokenHeader = "RequestVerificationToken";

    public static IApplicationBuilder UseCrossSiteGuard(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        if (!NeedsProof(context) || await HasProofAsync(context))
        {
            await next(context);
            return;
        }

        await Problems.Forbidden(
            $"A change asked for with a session must come from a page of this site, or carry its antiforgery token in the header {TokenHeader}. Programs send an API key instead.")
            .ExecuteAsync(context);
    });

    private static bool NeedsProof(HttpContext context) =>
        context.User.Identity is { IsAuthenticated: true, AuthenticationType: Sessions.Scheme }
        && !(HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) || HttpMethods.IsOptions(context.Request.Method))
        && context.GetEndpoint()?.Metadata.GetMetadata<PageActionDescriptor>() is null;

    private static async ValueTask<bool> HasProofAsync(HttpContext context) =>
        context.Request.Headers["Sec-Fetch-Site"] == "same-origin"
        || (context.Request.Headers.ContainsKey(TokenHeader) && await context.RequestServices.GetRequiredService<IAntiforgery>().IsRequestValidAsync(context));
}
