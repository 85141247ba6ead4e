using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.CodingProfiles;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>Registered profiles by platform and handle, a page at a time by key.</summary>
public sealed class IndexModel(ProfileStore profiles, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    [BindProperty(SupportsGet = true)]
    public string? Platform { get; set; }

    [BindProperty(SupportsGet = true)]
    public string? State { get; set; }

    /// <summary>The beginning of the handle.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Query { get; set; }

    /// <summary>The last profile of the page before: <c>platform/handle</c>.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<ProfileRow> Profiles { get; private set; } = [];

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Platform is not null || State is not null || Query is not null || After is not null;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (new[] { Platform, State, Query, After }.Any(text => text is not null && text.Any(char.IsControl)))
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        (string, string)? after = After?.Split('/', 2) is [var platform, var handle] ? (platform, handle) : null;
        var page = await profiles.ListAsync(new ProfileFilter(Platform, Query, State: State), after, PageItems + 1, cancellationToken);
        Profiles = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? $"{Profiles[^1].Platform}/{Profiles[^1].Handle.ToLowerInvariant()}" : null;
        return Page();
    }

    public string Link(string? after) => Url.Page("Index", new { platform = Platform, state = State, query = Query, after })!;

    public string Tone(ProfileRow profile) => profile.State switch
    {
        "found" => "good",
        "missing" => "bad",
        _ => "quiet",
    };

    public string Number(int? number) => number is { } known ? PageWords.Number(known) : PageWords.Nothing;
}
