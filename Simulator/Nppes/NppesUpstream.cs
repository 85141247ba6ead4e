using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Nppes;

/// <summary>The NPPES registry of healthcare providers, API 2.1: a search with at most 1,200 reachable rows and no total.</summary>
internal sealed class NppesUpstream() : Upstream(Platforms.Nppes)
{
    private const string Host = "nppes";

    public override void Map(UpstreamRoutes routes)
    {
        routes.Get(Host, "api", Ask);
        routes.Otherwise(Host, _ => HtmlPages.NotFound());
    }

    /// <summary>The key in the journal is the whole question, so the same page asked for twice shows there.</summary>
    private static Question Ask(HttpContext http)
    {
        var query = http.Request.Query;
        return Question.About("search", http.Request.QueryString.Value ?? "", know =>
        {
            var form = know.Scenario.Nppes;
            var (search, error) = NppesSearch.Read(query, form.MaxLimit, form.MaxSkip);
            if (error is not null) return NppesBody.Error(error);
            var world = know.Nppes;
            var meant = search!.Meant(world.Taxonomies);
            if (meant.Count == 0 && !string.IsNullOrEmpty(query["taxonomy_description"]))
                return NppesBody.Error(new NppesError("14", "taxonomy_description", "No taxonomy codes found with entered description"));
            var found = world.Providers.Where(provider => search.Finds(provider, meant));
            if (form.Unstable) found = found.Reverse().OrderBy(provider => Draw.For(know.Now.Ticks, "nppes", "order", provider.Npi).Next());
            var page = found.Skip(form.TurnsPages ? search.Skip : 0).Take(search.Limit).ToList();
            return NppesBody.Page(page, world, form) with { Keys = page.Count > 0 ? KeyAnswer.Found : KeyAnswer.Missing };
        });
    }
}
