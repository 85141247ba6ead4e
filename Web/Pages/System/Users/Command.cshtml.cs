using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages.Users;

/// <summary>Role, disable, enable, new password. By GET it asks back, by POST it does it. Whatever ends sessions does so here at once.</summary>
[Authorize(Policies.Admin)]
public sealed class CommandModel(UserStore users, Sessions sessions, AuditLog audit) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public Guid Id { get; set; }

    [BindProperty(SupportsGet = true)]
    public string Verb { get; set; } = "";

    public User Target { get; private set; } = null!;

    public UserCommand Command { get; private set; } = null!;

    public ShownOnce? Made { get; private set; }

    public string? Refusal { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => await FindAsync(cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync([FromForm] string? role, CancellationToken cancellationToken)
    {
        if (!await FindAsync(cancellationToken))
        {
            return NotFound();
        }

        var (done, words) = await DoAsync(role, cancellationToken);
        sessions.Forget(Id);
        if (!done)
        {
            (Refusal, Response.StatusCode) = (words, StatusCodes.Status409Conflict);
            return await FindAsync(cancellationToken) ? Page() : NotFound();
        }

        await audit.WriteAsync(User.ActorName(), $"user.{Verb}", Target.Name, Verb == UserCommand.Role ? new { from = Target.Role, to = role } : null);
        if (Made is not null)
        {
            return Page();
        }

        TempData.SetStatus(words);
        return RedirectToPage("Index");
    }

    /// <summary>Whether it was done, and what to say of it.</summary>
    private async Task<(bool Done, string Words)> DoAsync(string? role, CancellationToken cancellationToken)
    {
        const string LastAdmin = "Nothing was changed: nobody would be left who is an admin and may sign in. Make somebody else an admin first.";
        switch (Verb)
        {
            case UserCommand.Role when !Roles.All.Contains(role):
                return (false, $"Nothing was changed: a role is one of {string.Join(", ", Roles.All)}.");
            case UserCommand.Role:
                return await users.SetRoleAsync(Id, role!, cancellationToken) ? (true, $"{Target.Name} is {role} now.") : (false, LastAdmin);
            case UserCommand.Disable when Target.IsDisabled:
                return (false, "Nothing was changed: somebody else has disabled this user already.");
            case UserCommand.Disable:
                return await users.DisableAsync(Id, cancellationToken) ? (true, $"{Target.Name} is disabled.") : (false, LastAdmin);
            case UserCommand.Enable:
                return await users.EnableAsync(Id, cancellationToken) ? (true, $"{Target.Name} may sign in again.") : (false, "Nothing was changed: the user is not disabled.");
            default:
                var password = Passwords.Random();
                if (!await users.ChangePasswordAsync(Id, password, cancellationToken))
                {
                    return (false, "Nothing was changed: the user is gone.");
                }

                Made = new ShownOnce($"The new password of {Target.Name}", password, "Hand it over on a safe way, and let them change it after the next sign-in.");
                return (true, "");
        }
    }

    private async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (UserCommand.Find(Verb) is not { } command || await users.FindAsync(Id, cancellationToken) is not { } user)
        {
            return false;
        }

        (Command, Target) = (command, user);
        return true;
    }
}
