using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Account;

/// <summary>Changes one's own password: the current one is asked for again, and every session but this one ends.</summary>
public sealed class PasswordModel(SignInDesk desk, UserStore users, Sessions sessions, AuditLog audit) : PageModel
{
    public string? Refusal { get; private set; }

    // An API key has no password to change.
    public IActionResult OnGet() => User.Identity?.AuthenticationType == Sessions.Scheme ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync([FromForm] string? current, [FromForm] string? fresh, CancellationToken cancellationToken)
    {
        if (User.Identity?.AuthenticationType != Sessions.Scheme)
        {
            return NotFound();
        }

        if (Passwords.Fault(fresh) is { } fault)
        {
            return Again(StatusCodes.Status400BadRequest, fault);
        }

        var address = HttpContext.Connection.RemoteIpAddress;
        switch (await desk.CheckAsync("password.confirm", User.ActorName(), current ?? "", address, cancellationToken))
        {
            case SignInAnswer.Granted { User: var user }:
                await users.ChangePasswordAsync(user.Id, fresh!, cancellationToken);
                await audit.WriteAsync(user.Name, "password.change", user.Name, null);
                await sessions.StartAsync(HttpContext, (await users.FindAsync(user.Id, cancellationToken))!);
                TempData.SetStatus("Your password is changed.");
                return LocalRedirect("~/");
            case SignInAnswer.Throttled { Wait: var wait }:
                return Again(StatusCodes.Status429TooManyRequests, $"Too many attempts. Wait {Math.Ceiling(wait.TotalSeconds):0} s and try again.");
            default:
                return Again(StatusCodes.Status400BadRequest, "The current password is wrong.");
        }
    }

    private PageResult Again(int status, string refusal)
    {
        Refusal = refusal;
        Response.StatusCode = status;
        return Page();
    }
}
