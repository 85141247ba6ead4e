using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.Account;

/// <summary>Where people come in. What they type is checked by <see cref="SignInDesk"/>; where they go afterwards is always on this site.</summary>
[AllowAnonymous]
public sealed class SignInModel(SignInDesk desk, Sessions sessions) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    /// <summary>The session ended before a form was sent.</summary>
    [BindProperty(SupportsGet = true)]
    public bool Ended { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    /// <summary>Why the last attempt did not go well; null before the first.</summary>
    public string? Refusal { get; private set; }

    public IActionResult OnGet() => User.Identity is { IsAuthenticated: true } ? Onward() : Page();

    public async Task<IActionResult> OnPostAsync([FromForm] string? password, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(Name) || string.IsNullOrEmpty(password) || Name.Length > UserName.Longest || password.Length > Passwords.Longest)
        {
            return Again(StatusCodes.Status400BadRequest, "Give your name and your password.");
        }

        switch (await desk.CheckAsync("session.start", Name, password, HttpContext.Connection.RemoteIpAddress, cancellationToken))
        {
            case SignInAnswer.Granted granted:
                await sessions.StartAsync(HttpContext, granted.User);
                return Onward();
            case SignInAnswer.Throttled { Wait: var wait }:
                var seconds = (long)Math.Ceiling(wait.TotalSeconds);
                Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
                return Again(StatusCodes.Status429TooManyRequests, $"Too many attempts. Wait {seconds} s and try again.");
            default:
                return Again(StatusCodes.Status401Unauthorized, "The name or the password is wrong.");
        }
    }

    private LocalRedirectResult Onward() => LocalRedirect(Url.IsLocalUrl(ReturnUrl) ? ReturnUrl : Url.Content("~/"));

    private PageResult Again(int status, string refusal)
    {
        Refusal = refusal;
        Response.StatusCode = status;
        return Page();
    }
}
