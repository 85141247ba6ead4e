namespace OrleansBulk.Web.Pages.Shared;

/// <summary>Where the frame of every page leads to.</summary>
/// <param name="Section">What a page says it belongs to in <c>ViewData["Section"]</c>.</param>
/// <param name="Page">Its first page. One that is not there is not linked.</param>
public sealed record Navigation(string Section, string Name, string Page)
{
    public static readonly IReadOnlyList<Navigation> All =
    [
        new("Overview", "Overview", "/Index"),
        new("Jobs", "Jobs", "/Jobs/Index"),
        new("CodingProfiles", "Coding profiles", "/CodingProfiles/Index"),
        new("Ingest", "Ingest", "/Ingest/Index"),
        new("Distribution", "Distribution", "/Distribution/Index"),
        new("Hooks", "Hooks", "/Hooks/Index"),
        new("Tabs", "Tabs", "/Tabs/Index"),
        new("Providers", "Providers", "/Providers/Index"),
        new("Leads", "Leads", "/Leads/Index"),
        new("Upstreams", "Upstreams", "/Upstreams/Index"),
        new("System", "System", "/System/Index"),
    ];
}
