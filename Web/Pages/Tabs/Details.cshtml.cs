using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Tabs;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Foreground;

namespace OrleansBulk.Web.Pages.Tabs;

/// <summary>One tab: how it stands, its last syncs, and what the last one that changed anything did.</summary>
[NotForeground] // the lag is the source's to tell
public sealed class DetailsModel(TabViews views, TabCatalog catalog, TabStore store, TimeProvider time) : PageModel
{
    private const int MostSyncs = 20;
    private const int MostChanges = 50;

    public TabView Tab { get; private set; } = null!;

    public IReadOnlyList<TabSyncView> Syncs { get; private set; } = [];

    /// <summary>The sync that the changes are of; null: none changed anything.</summary>
    public TabDifference? Difference { get; private set; }

    public IReadOnlyList<TabChange> Changes { get; private set; } = [];

    /// <summary>The last key of this page of changes, when there are more.</summary>
    public string? Next { get; private set; }

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task<IActionResult> OnGetAsync(string name, string? after, CancellationToken cancellationToken)
    {
        if (after?.Contains('\0') is true)
        {
            return BadRequest();
        }

        if (await views.FindAsync(name, cancellationToken) is not { } tab)
        {
            return NotFound();
        }

        (Tab, Now) = (tab, time.GetUtcNow());
        Syncs = [.. (await store.ReadHistoryAsync(name, MostSyncs, cancellationToken)).Select(TabSyncView.Of)];
        Difference = await store.FindLastChangedAsync(name, cancellationToken);
        var changes = Difference is { } difference ? await store.ReadChangesAsync(name, difference.JobId, after, MostChanges + 1, cancellationToken) : [];
        Changes = [.. changes.Take(MostChanges)];
        Next = changes.Count > MostChanges ? Changes[^1].Key : null;
        return Page();
    }

    /// <summary>The cells of a row that was added or removed, and of a changed one those that differ.</summary>
    public IEnumerable<(string Title, string? Before, string? After)> Cells(TabChange change)
    {
        var columns = catalog.Find(Tab.Name)!.Columns;
        for (var i = 0; i < columns.Count; i++)
        {
            var (before, after) = (change.Before?.ElementAtOrDefault(i), change.After?.ElementAtOrDefault(i));
            if (before != after && (before ?? "") + (after ?? "") != "")
            {
                yield return (columns[i].Title, before is "" ? null : before, after is "" ? null : after);
            }
        }
    }
}
