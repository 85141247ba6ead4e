using System.Net;
using Microsoft.AspNetCore.Identity;

namespace OrleansBulk.Web.Accounts;

/// <summary>Decides whether somebody who gives a name and a password comes in, as slowly for an unknown name as for a known one, and writes it down.</summary>
public sealed class SignInDesk(UserStore users, Passwords passwords, SignInThrottle throttle, AuditLog audit)
{
    /// <param name="action">How the audit calls it when it goes well, such as <c>session.start</c>; a refusal adds <c>.refused</c>.</param>
    public async Task<SignInAnswer> CheckAsync(string action, string name, string password, IPAddress? address, CancellationToken cancellationToken)
    {
        if (throttle.Admit(name, address) is var wait && wait > TimeSpan.Zero)
        {
            return new SignInAnswer.Throttled(wait); // not in the audit: a flood of attempts must not fill it
        }

        var user = await users.FindByNameAsync(name, cancellationToken);
        var verified = Verify(user, password);
        if (user is null || user.IsDisabled || verified == PasswordVerificationResult.Failed)
        {
            // An unknown name is not written down: it may be a password typed into the wrong field.
            var reason = user is null ? "unknown name" : user.IsDisabled ? "disabled" : "wrong password";
            await audit.WriteAsync("anonymous", action + ".refused", user?.Name, new { reason, address = address?.ToString() });
            return new SignInAnswer.Refused();
        }

        throttle.Succeeded(name, address);
        if (verified == PasswordVerificationResult.SuccessRehashNeeded)
        {
            await users.RehashAsync(user, password, cancellationToken);
        }

        await audit.WriteAsync(user.Name, action, user.Name, new { address = address?.ToString() });
        return new SignInAnswer.Granted(user);
    }

    private PasswordVerificationResult Verify(User? user, string password)
    {
        if (user is not null)
        {
            return passwords.Verify(user.PasswordHash, password);
        }

        passwords.VerifyNobody(password);
        return PasswordVerificationResult.Failed;
    }
}
