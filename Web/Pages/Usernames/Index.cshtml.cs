using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Ingest;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Usernames;

/// <summary>The usernames that came in, a page at a time.</summary>
public sealed class IndexModel(UsernameStore usernames, TimeProvider time) : PageModel
{
    private const int PageItems = 50;

    /// <summary>More unused ones than these are not counted: a count of millions would be what the page waits for.</summary>
    public const long MostCounted = 100_000;

    [BindProperty(SupportsGet = true)]
    public bool? Used { get; set; }

    /// <summary>The beginning of the username.</summary>
    [BindProperty(SupportsGet = true)]
    public string? Query { get; set; }

    [BindProperty(SupportsGet = true)]
    public DateOnly? From { get; set; }

    [BindProperty(SupportsGet = true)]
    public DateOnly? To { get; set; }

    /// <summary>Where the page before ended.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    public IReadOnlyList<UsernameRow> Usernames { get; private set; } = [];

    public long Unused { get; private set; }

    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool IsFiltered => Used is not null || Query is not null || From is not null || To is not null || After is not null;

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (!UsernameCursor.Read(After, out var place) || QueryTexts.HaveNul(Query, After))
        {
            return BadRequest();
        }

        Now = time.GetUtcNow();
        Unused = await usernames.CountUnusedAsync(MostCounted, cancellationToken);
        var page = await usernames.ListAsync(new UsernameFilter(Used, Query, Start(From), Start(To)), place, PageItems + 1, cancellationToken);
        Usernames = [.. page.Take(PageItems)];
        Next = page.Count > PageItems ? UsernameCursor.Write(Usernames[^1]) : null;
        return Page();
    }

    public string Link(string? after) => Url.Page("Index", new { used = Used, query = Query, from = From?.ToString("O"), to = To?.ToString("O"), after })!;

    private static DateTimeOffset? Start(DateOnly? day) => day is { } known ? new DateTimeOffset(known.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero) : null;
}
