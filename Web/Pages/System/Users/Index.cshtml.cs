using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages.Users;

/// <summary>Who may sign in; adds users. What is made up for a new one is shown in the answer and never again.</summary>
[Authorize(Policies.Admin)]
public sealed class IndexModel(UserStore users, AuditLog audit, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    /// <summary>The last name of the page before.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<User> Users { get; private set; } = [];

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public ShownOnce? Made { get; private set; }

    public string? Refusal { get; private set; }

    /// <summary>What was typed and refused.</summary>
    public string? Name { get; private set; }

    public string Role { get; private set; } = Roles.Viewer;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (After is not null && After.Contains('\0'))
        {
            return BadRequest();
        }

        await ReadAsync(cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync([FromForm] string? name, [FromForm] string? role, CancellationToken cancellationToken)
    {
        (name, After) = (name?.Trim() ?? "", null);
        Refusal = UserName.IsValid(name) ? null : $"A name has 2 to {UserName.Longest} letters, digits and . _ - @, and begins with a letter or digit.";
        Refusal ??= Roles.All.Contains(role) ? null : $"A role is one of {string.Join(", ", Roles.All)}.";
        if (Refusal is null)
        {
            var password = Passwords.Random();
            if (await users.CreateAsync(name, password, role!, cancellationToken) is null)
            {
                Refusal = $"There is a user called '{name}' already (upper and lower case do not count).";
            }
            else
            {
                await audit.WriteAsync(User.ActorName(), "user.add", name, new { role });
                Made = new ShownOnce($"The password of {name}", password, "Hand it over on a safe way, and let them change it after the first sign-in.");
            }
        }

        if (Refusal is not null)
        {
            (Name, Role, Response.StatusCode) = (name, role ?? Role, StatusCodes.Status400BadRequest);
        }

        await ReadAsync(cancellationToken);
        return Page();
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        Now = time.GetUtcNow();
        var page = await users.ListAsync(After, PageItems + 1, cancellationToken);
        Users = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? Users[^1].Name : null;
    }
}
