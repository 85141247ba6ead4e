using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>Registered profiles by platform and handle, a page at a time by key; those that are ticked, or all that match, can be refreshed.</summary>
public sealed class IndexModel(ProfileStore profiles, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    /// <summary>The choices of <see cref="Older"/>.</summary>
    public static readonly IReadOnlyList<(long Seconds, string Words)> Ages = [(300, "5 minutes"), (3600, "an hour"), (86_400, "a day"), (7 * 86_400, "a week")];

    [BindProperty(SupportsGet = true)]
    public string? Platform { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? State { get; set; }

    /// <summary>The beginning of the handle.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Query { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? Owner { get; set; }

    /// <summary>Seconds for which a profile was not fetched; null: whenever it was.</summary>
    [BindProperty(SupportsGet = true)]
    public long? Older { get; set; }

    /// <summary>The last profile of the page before: <c>platform/handle</c>.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<ProfileRow> Profiles { get; private set; } = [];

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Platform is not null || State is not null || Query is not null || Owner is not null || Older is not null;

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!ModelState.IsValid || Older is < 0 or > 315_360_000 || (Platform + State + Query + Owner + After).Any(char.IsControl))
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        (string, string)? after = After?.Split('/', 2) is [var platform, var handle] ? (platform, handle) : null;
        var filter = new ProfileFilter(Platform, Query, Owner, Older is > 0 ? Now - TimeSpan.FromSeconds(Older.Value) : null, State);
        var page = await profiles.ListAsync(filter, after, PageItems + 1, cancellationToken);
        Profiles = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? $"{Profiles[^1].Platform}/{Profiles[^1].Handle.ToLowerInvariant()}" : null;
        return Page();
    }

    public string Link(string? after) => Url.Page("Index", new { platform = Platform, state = State, query = Query, owner = Owner, older = Older, after })!;

    /// <summary>The preview of a refresh of all that match, not of this page alone.</summary>
    public string RefreshAllLink() => Url.Page("/Jobs/Start", new { platform = Platform, state = State, query = Query, owner = Owner, older = Older ?? 0 })!;
}
