using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Upstreams;

/// <summary>Every upstream: what it allows, what is used of it, what holds it. <c>?handler=Live</c> draws the part that changes, and nothing else.</summary>
public sealed class IndexModel(UpstreamViews views, TimeProvider time) : PageModel
{
    internal const int MostFlows = 5;

    public IReadOnlyList<UpstreamView> Upstreams { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public bool MaySet => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public Task OnGetAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    public async Task<IActionResult> OnGetLiveAsync(CancellationToken cancellationToken)
    {
        await ReadAsync(cancellationToken);
        return Partial("_Upstreams", this);
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        Upstreams = await views.ListAsync(cancellationToken);
        Now = time.GetUtcNow();
    }
}
