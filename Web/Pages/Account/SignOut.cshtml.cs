using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Account;

/// <summary>
/// Ends the session, by POST only. Whose session has ended already is simply led to the sign-in; the token, which would not fit any more, is looked at
/// only while there is a session to end.
/// </summary>
[AllowAnonymous]
[IgnoreAntiforgeryToken]
public sealed class SignOutModel(IAntiforgery antiforgery, Sessions sessions, AuditLog audit) : PageModel
{
    public IActionResult OnGet() => LocalRedirect("~/");

    public async Task<IActionResult> OnPostAsync()
    {
        if (User.Identity is { IsAuthenticated: true })
        {
            if (!await antiforgery.IsRequestValidAsync(HttpContext))
            {
                return BadRequest();
            }

            await audit.WriteAsync(User.ActorName(), "session.end", User.ActorName(), null);
        }

        await sessions.EndAsync(HttpContext);
        return LocalRedirect("~/account/sign-in");
    }
}
