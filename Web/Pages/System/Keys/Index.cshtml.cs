using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages.Keys;

/// <summary>Keys of programs, the newest first; makes keys. A key is shown in the answer to its making and never again.</summary>
[Authorize(Policies.Admin)]
public sealed class IndexModel(ApiKeyStore keys, AuditLog audit, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    /// <summary>The last key of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public Guid? After { get; set; }

    public IReadOnlyList<ApiKey> Keys { get; private set; } = [];

    public Guid? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public ShownOnce? Made { get; private set; }

    public string? Refusal { get; private set; }

    /// <summary>What was typed and refused.</summary>
    public string? Name { get; private set; }

    public string Scope { get; private set; } = Roles.Viewer;

    public Task OnGetAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<IActionResult> OnPostAsync([FromForm] string? name, [FromForm] string? scope, CancellationToken cancellationToken)
    {
        (name, After) = (name?.Trim() ?? "", null);
        Refusal = name.Length is 0 or > UserName.Longest || name.Any(char.IsControl) ? $"A name has 1 to {UserName.Longest} characters, none of them a control character." : null;
        Refusal ??= Roles.All.Contains(scope) ? null : $"A scope is one of {string.Join(", ", Roles.All)}.";
        if (Refusal is null)
        {
            var (id, secret) = await keys.CreateAsync(name, scope!, User.ActorName(), cancellationToken);
            await audit.WriteAsync(User.ActorName(), "key.make", id.ToString(), new { name, scope });
            Made = new ShownOnce($"The key {name}", secret, "Send it in the header X-Api-Key.");
        }
        else
        {
            (Name, Scope, Response.StatusCode) = (name, scope ?? Scope, StatusCodes.Status400BadRequest);
        }

        await ReadAsync(cancellationToken);
        return Page();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        var page = await keys.ListAsync(After, PageItems + 1, cancellationToken);
        Keys = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? Keys[^1].Id : null;
    }
}
