using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages.Keys;

/// <summary>Revokes a key. By GET it asks back, by POST it does it, at once for this process.</summary>
[Authorize(Policies.Admin)]
public sealed class RevokeModel(ApiKeyStore keys, ApiKeyLookup lookup, AccountOptions options, AuditLog audit, TimeProvider time) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public Guid Id { get; set; }

    public ApiKey Key { get; private set; } = null!;

    public TimeSpan Age => options.KeyAge;

    public DateTimeOffset Now { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => await FindAsync(cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!await FindAsync(cancellationToken))
        {
            return NotFound();
        }

        var revoked = await keys.RevokeAsync(Id, cancellationToken);
        lookup.Forget();
        if (revoked)
        {
            await audit.WriteAsync(User.ActorName(), "key.revoke", Id.ToString(), new { Key.Name });
        }

        TempData.SetStatus(revoked ? $"The key {Key.Name} is revoked." : $"The key {Key.Name} was revoked already.");
        return RedirectToPage("Index");
    }

    private async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (await keys.FindAsync(Id, cancellationToken) is not { } key)
        {
            return false;
        }

        (Key, Now) = (key, time.GetUtcNow());
        return true;
    }
}
