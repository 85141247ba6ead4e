using System.Net;
using System.Text.Json;
using OrleansBulk.Providers;
using OrleansBulk.Tests.Providers.Files;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Providers;

/// <summary><c>/api/providers</c> and what <c>save-all</c> makes of them.</summary>
public sealed class ApiProvidersTests : IAsyncLifetime
{
    private WebHost _host = null!;
    private WebHostClient _program = null!;

    public async Task InitializeAsync()
    {
        _host = await WebHost.StartAsync();
        _program = _host.Program();
    }

    public async Task DisposeAsync()
    {
        _program.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("", 40)]
    [InlineData("state=ny", 20)]
    [InlineData("state=NY&city=albany", 10)]
    [InlineData("taxonomy=207R00000X", 14)]
    [InlineData("taxonomy=Internal%20Medicine&state=NV", 7)]
    [InlineData("taxonomy=207R00000X&state=NY&city=TROY", 3)]
    [InlineData("q=Sample3", 11)]
    [InlineData("q=SAMPLE3&state=NV", 6)]
    [InlineData("q=s", 39)]
    [InlineData("q=%25", 0)]
    [InlineData("status=deactivated", 2)]
    [InlineData("status=active&state=NY", 19)]
    public async Task EachFilter_FindsItsOwn_EachOnce_OverAllPages(string query, int count)
    {
        await FillAsync(40);

        var all = await AllAsync(query, 1000);
        var paged = await AllAsync(query, 3);

        Assert.Equal(count, all.Count);
        Assert.Equal(all, paged);
        Assert.Equal(count, all.Distinct().Count());
    }

    [Fact]
    public async Task WithTheIndexForIt_NamesAreSearchedInside_WithoutOnlyByTheirBeginning()
    {
        await FillAsync(40);

        Assert.Empty(await AllAsync("q=ample", 50));
        await _host.Postgres.ExecuteAsync("CREATE INDEX idx_providers_name ON providers USING gin (lower(name) gin_trgm_ops)");

        Assert.Equal(39, (await new ProviderStore(_host.Postgres.Database, TimeProvider.System).ListAsync(ProviderFilter.None with { Search = "AMPLE" }, null, 100, CancellationToken.None)).Providers.Count);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("after=nonsense", "after")]
    [InlineData("city=ALBANY", "state")]
    [InlineData("status=gone", "status")]
    [InlineData("taxonomy=alchemy", "no taxonomy code")]
    [InlineData("q=%00", "NUL")]
    public async Task WhatIsWrongWithAList_IsSaid(string query, string words) =>
        Assert.Contains(words, (await _program.GetAsync($"/api/providers?{query}")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);

    [Fact]
    public async Task OneProvider_IsShownWithAllThatIsStored()
    {
        await FillAsync(2);

        var one = (await _program.GetAsync($"/api/providers/{NppesFile.Npi(1)}")).Json;

        Assert.Equal(("SAMPLE1", "NV", "207Q00000X"), (one.GetProperty("lastName").GetString(), one.GetProperty("practice").GetProperty("state").GetString(), one.GetProperty("taxonomies")[1].GetString()));
        (await _program.GetAsync($"/api/providers/{NppesFile.Npi(7)}")).Problem(HttpStatusCode.NotFound);
        Assert.Contains("check digit", (await _program.GetAsync("/api/providers/1234567890")).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SaveAll_ByNpis_MakesEachALeadOnce()
    {
        await FillAsync(10);
        var npis = new[] { NppesFile.Npi(1), NppesFile.Npi(2), NppesFile.Npi(2), NppesFile.Npi(0), NppesFile.Npi(500) }.Select(npi => npi.ToString()).ToArray(); // 0 is deactivated, 500 unknown

        var first = await _program.PostAsync("/api/providers/save-all", new { npis, owner = "ada" });
        var again = await _program.PostAsync("/api/providers/save-all", new { npis });

        Assert.Equal((2, 0, 1, 1), Saved(first));
        Assert.Equal((0, 2, 1, 1), Saved(again));
        Assert.Equal(2, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM leads l JOIN lead_history h ON h.lead_id = l.id WHERE l.status = 'new' AND l.owner = 'ada' AND h.to_status = 'new' AND h.from_status IS NULL AND h.who = 'key:BULK_API_KEY' OR l.owner = 'ada'"));
        Assert.Equal(2, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM leads WHERE substr(id::text, 15, 1) = '7' AND substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')"));
        Assert.Equal(1, (await _program.GetAsync("/api/providers?q=sample1")).Json.GetProperty("items").EnumerateArray().Count(row => row.GetProperty("leadId").ValueKind == JsonValueKind.String));
    }

    [Fact]
    public async Task SaveAll_ByFilter_TakesTheActiveOnesOfTheList()
    {
        await FillAsync(40);

        Assert.Equal((19, 0, 0, 0), Saved(await _program.PostAsync("/api/providers/save-all", new { filter = new { state = "NY" } })));
        Assert.Equal((19, 19, 0, 0), Saved(await _program.PostAsync("/api/providers/save-all", new { filter = new { } })));
    }

    [Fact]
    public async Task SaveAll_AtOnceByMany_MakesEachALeadOnce()
    {
        await FillAsync(300);

        var saved = (await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _program.PostAsync("/api/providers/save-all", new { filter = new { } })))).Select(Saved).ToList();

        Assert.Equal(298, saved.Sum(counts => counts.Created));
        Assert.Equal(298, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM leads"));
        Assert.Equal(298, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM lead_history"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SaveAll_OfMany_IsAJob_WithAnOutcomeForEach(bool byFilter)
    {
        await FillAsync(6000);
        await _program.PostAsync("/api/providers/save-all", new { npis = Enumerable.Range(1, 100).Select(n => NppesFile.Npi(n).ToString()) });

        var answer = byFilter
            ? await _program.PostAsync("/api/providers/save-all", new { filter = new { status = "active" } })
            : await _program.PostAsync("/api/providers/save-all", new { npis = Enumerable.Range(0, 6001).Append(5).Select(n => NppesFile.Npi(n).ToString()) });

        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.ToString());
        var id = answer.Json.GetProperty("id").GetGuid();
        var progress = (await _program.WhenAsync(id, "completed")).GetProperty("progress");
        Assert.Equal(byFilter ? (5898, 100, 0) : (5898, 101, 3), (Count("succeeded"), Count("skipped"), Count("failed"))); // 0 and 5,999 are deactivated, 6,000 is unknown, 5 comes twice
        Assert.Equal(5998, await _host.Postgres.QueryAsync<long>("SELECT count(DISTINCT l.npi) FROM leads l JOIN lead_history h ON h.lead_id = l.id"));
        Assert.True((await _program.GetAsync($"/api/jobs/{id}/ledger")).Json.GetProperty("balanced").GetBoolean());
        await _host.Postgres.WaitUntilAsync("the staged providers are dropped", "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relname LIKE 'staged\\_%')");

        int Count(string name) => progress.GetProperty(name).GetInt32();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"npis\": []}")]
    [InlineData("{\"npis\": [\"1234567890\"]}")]
    [InlineData("{\"npis\": [{}]}")]
    [InlineData("{\"npis\": [\"1234567893\"], \"filter\": {}}")]
    [InlineData("{\"filter\": {\"colour\": \"red\"}}")]
    [InlineData("{\"filter\": {\"state\": 7}}")]
    [InlineData("{\"filter\": {}, \"owner\": 7}")]
    public async Task WhatIsWrongWithASave_IsSaid_AndNothingSaved(string body)
    {
        (await _program.PostAsync("/api/providers/save-all", body)).Problem(HttpStatusCode.BadRequest);
        Assert.Equal(0, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM leads"));
    }

    [Fact]
    public async Task AViewer_MayLookAndSaveNothing()
    {
        using var viewer = await _host.ProgramAsync("viewer");

        Assert.Equal(HttpStatusCode.OK, (await viewer.GetAsync("/api/providers")).Status);
        (await viewer.PostAsync("/api/providers/save-all", new { filter = new { } })).Problem(HttpStatusCode.Forbidden);
        (await viewer.PostTextAsync("/api/providers/file", "NPI", "text/csv")).Problem(HttpStatusCode.Forbidden);
    }

    /// <summary>Persons 0 to count - 1; even ones in New York, the others in Nevada; the first and the last are deactivated, the first without a name.</summary>
    private Task FillAsync(int count) => _host.Postgres.ExecuteAsync("""
        INSERT INTO providers (npi, entity, name, last_name, city, state, taxonomy, taxonomies, status, source, created_at, updated_at)
        SELECT npi, 'individual', CASE WHEN n > 0 THEN 'SAMPLE' || n || ', ANNA' END, 'SAMPLE' || n, CASE WHEN n % 4 < 2 THEN 'ALBANY' WHEN n % 40 = 39 THEN NULL ELSE 'TROY' END, CASE WHEN n % 2 = 0 THEN 'NY' ELSE 'NV' END,
            CASE WHEN n % 3 = 0 THEN '207R00000X' ELSE '207N00000X' END, ARRAY[CASE WHEN n % 3 = 0 THEN '207R00000X' ELSE '207N00000X' END, '207Q00000X'],
            CASE WHEN n = 0 OR n = $2 - 1 THEN 'deactivated' ELSE 'active' END, 'test', now(), now()
        FROM unnest($1::bigint[]) WITH ORDINALITY AS u(npi, place), LATERAL (SELECT place - 1 AS n) AS numbered
        """, Enumerable.Range(0, count).Select(NppesFile.Npi).ToArray(), count);

    private async Task<List<string>> AllAsync(string query, int limit)
    {
        var (npis, after) = (new List<string>(), "");
        do
        {
            var page = (await _program.GetAsync($"/api/providers?{query}&limit={limit}{after}")).Json;
            npis.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("npi").GetString()!));
            after = page.GetProperty("next").GetString() is { } next ? $"&after={Uri.EscapeDataString(next)}" : "";
        }
        while (after.Length > 0);
        return npis;
    }

    private static (int Created, int Skipped, int Deactivated, int Unknown) Saved(WebHostClient.Answer answer)
    {
        Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
        return (Of("created"), Of("skipped"), Of("deactivated"), Of("unknown"));

        int Of(string name) => answer.Json.GetProperty(name).GetInt32();
    }
}
