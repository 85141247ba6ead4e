using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
using OrleansBulk.Tests.Providers.Files;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web.Leads;

/// <summary><c>/api/leads</c>: lists, changes with their history, in bulk, export.</summary>
public sealed class ApiLeadsTests : IAsyncLifetime
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

    [Fact]
    public async Task AStatus_IsChanged_AndStandsInTheHistoryWithWhoAndFromWhat()
    {
        var id = (await FillAsync(1))[0];

        var contacted = await PatchAsync(id, new { status = "contacted", note = "  Left a message.\nCalls back. " });
        var won = await PatchAsync(id, new { status = "won", owner = "ada" });
        var same = await PatchAsync(id, new { status = "won" });
        var noted = await PatchAsync(id, new { note = "Signed." });
        var freed = await PatchAsync(id, new { owner = "" });

        Assert.Equal(("contacted", JsonValueKind.Null), (Lead(contacted, "status").GetString(), Lead(contacted, "owner").ValueKind));
        Assert.Equal(("won", "ada"), (Lead(won, "status").GetString(), Lead(won, "owner").GetString()));
        Assert.Equal(Lead(won, "updatedAt").GetDateTimeOffset(), Lead(same, "updatedAt").GetDateTimeOffset());
        Assert.Equal(JsonValueKind.Null, Lead(freed, "owner").ValueKind);
        Assert.NotEqual(JsonValueKind.Undefined, noted.Json.ValueKind);
        var history = freed.Json.GetProperty("history").EnumerateArray().Select(step => (step.GetProperty("from").GetString(), step.GetProperty("to").GetString(), step.GetProperty("note").GetString())).ToList();
        Assert.Equal([(null, null, "owner: nobody"), (null, null, "Signed."), (null, null, "owner: ada"), ("contacted", "won", null), ("new", "contacted", "Left a message.\nCalls back."), (null, "new", null)], history);
        Assert.All(freed.Json.GetProperty("history").EnumerateArray(), step => Assert.False(string.IsNullOrEmpty(step.GetProperty("who").GetString())));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"status\": \"sold\"}")]
    [InlineData("{\"status\": 7}")]
    [InlineData("{\"note\": \"  \"}")]
    [InlineData("{\"owner\": \"a\\u0000b\"}")]
    public async Task WhatIsWrongWithAChange_IsSaid_AndNothingChanged(string body)
    {
        var id = (await FillAsync(1))[0];

        (await _program.SendAsync(HttpMethod.Patch, $"/api/leads/{id}", new StringContent(body, null, "application/json"))).Problem(HttpStatusCode.BadRequest);

        Assert.Equal(1, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM lead_history"));
    }

    [Fact]
    public async Task AnUnknownLead_IsNotFound()
    {
        (await _program.GetAsync($"/api/leads/{Guid.NewGuid()}")).Problem(HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.NotFound, (await PatchAsync(Guid.NewGuid(), new { status = "won" })).Status);
    }

    [Theory]
    [InlineData("", 60)]
    [InlineData("status=won", 20)]
    [InlineData("owner=ada", 15)]
    [InlineData("status=won&owner=ada", 5)]
    [InlineData("state=NY", 30)]
    [InlineData("state=NY&city=albany&status=won", 10)]
    [InlineData("taxonomy=Internal%20Medicine", 20)]
    [InlineData("q=sample1", 11)]
    public async Task EachFilter_FindsItsOwn_EachOnce_OverAllPages_NewestChangeFirst(string query, int count)
    {
        await FillAsync(60);
        await _host.Postgres.ExecuteAsync("UPDATE leads l SET status = CASE WHEN r.n % 3 = 0 THEN 'won' ELSE 'new' END, owner = CASE WHEN r.n % 4 = 0 THEN 'ada' END, updated_at = updated_at - (r.n / 7) * interval '1 hour' FROM (SELECT id, row_number() OVER (ORDER BY npi) - 1 AS n FROM leads) r WHERE r.id = l.id");

        var all = await AllAsync(query, 1000);
        var paged = await AllAsync(query, 4);

        Assert.Equal(count, all.Count);
        Assert.Equal(all, paged);
        Assert.Equal(count, all.Distinct().Count());
    }

    [Fact]
    public async Task AProviderThatMoves_TakesItsLeadAlong()
    {
        await FillAsync(4);
        Assert.Empty(await AllAsync("state=WY", 50));

        await _host.Postgres.ExecuteAsync("UPDATE providers SET state = 'WY', city = 'CODY', taxonomy = '208000000X', name = 'OTHER, ANNA' WHERE npi = $1", NppesFile.Npi(2));

        Assert.Single(await AllAsync("state=WY&city=Cody&taxonomy=Pediatrics&q=other", 50));
        Assert.Single(await AllAsync("state=NY", 50));
    }

    [Fact]
    public async Task Bulk_ChangesMany_AndSaysWhatWasSoAlreadyOrUnknown()
    {
        var ids = await FillAsync(10);
        await PatchAsync(ids[0], new { status = "lost" });

        var answer = (await _program.PostAsync("/api/leads/status", new { ids = ids.Append(ids[1]).Append(Guid.NewGuid()), status = "lost", note = "No budget" })).Json;
        var again = (await _program.PostAsync("/api/leads/status", new { ids, status = "lost" })).Json;

        Assert.Equal((10, 0, 1), (Of(answer, "updated"), Of(answer, "unchanged"), Of(answer, "unknown"))); // the one that was lost already gets the note
        Assert.Equal((0, 10, 0), (Of(again, "updated"), Of(again, "unchanged"), Of(again, "unknown")));
        Assert.Equal(9, await _host.Postgres.QueryAsync<long>("SELECT count(*) FROM lead_history WHERE from_status = 'new' AND to_status = 'lost' AND note = 'No budget'"));
        (await _program.PostAsync("/api/leads/status", new { ids = Array.Empty<Guid>(), status = "lost" })).Problem(HttpStatusCode.BadRequest);
        (await _program.PostAsync("/api/leads/status", new { ids })).Problem(HttpStatusCode.BadRequest);

        static int Of(JsonElement json, string name) => json.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task TwoChangesAtOnce_BothStandInTheHistory_OneAfterTheOther()
    {
        var id = (await FillAsync(1))[0];

        await Task.WhenAll(Enumerable.Range(0, 12).Select(n => PatchAsync(id, new { status = n % 2 == 0 ? "won" : "lost" })));

        var steps = (await _program.GetAsync($"/api/leads/{id}")).Json.GetProperty("history").EnumerateArray().Reverse().ToList();
        Assert.Equal("new", steps[0].GetProperty("to").GetString());
        Assert.All(steps.Zip(steps.Skip(1)), pair => Assert.Equal(pair.First.GetProperty("to").GetString(), pair.Second.GetProperty("from").GetString()));
    }

    [Fact]
    public async Task TheExport_HasThoseOfTheList_AndNoFormulas()
    {
        await FillAsync(2500);
        await _host.Postgres.ExecuteAsync("UPDATE providers SET name = '=HYPERLINK(\"x\")' WHERE npi = $1", NppesFile.Npi(1));
        await _host.Postgres.ExecuteAsync("UPDATE leads SET owner = '+1+1' WHERE npi = $1", NppesFile.Npi(1));

        var all = await _program.GetAsync("/api/leads/export.csv");
        var some = await _program.GetAsync("/api/leads/export.csv?state=NV&q=sample3");

        Assert.Equal("text/csv", all.MediaType);
        Assert.Equal(2501, Lines(all));
        Assert.Equal(57, Lines(some));
        Assert.Contains(",\"'=HYPERLINK(\"\"x\"\")\",", all.Text, StringComparison.Ordinal);
        Assert.Contains(",'+1+1,", all.Text, StringComparison.Ordinal);
        Assert.Contains("Internal Medicine,207R00000X", all.Text, StringComparison.Ordinal);

        static int Lines(WebHostClient.Answer answer) => answer.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length;
    }

    [Fact]
    public async Task TheExport_HasEachLeadOnce_WhileLeadsAreChanged()
    {
        var ids = await FillAsync(2500);
        var exported = new List<Guid>();

        await foreach (var lead in _host.Services.GetRequiredService<LeadStore>().ExportAsync(new LeadFilter(null, null, ProviderFilter.None), CancellationToken.None))
        {
            exported.Add(lead.Id);
            if (exported.Count == 1)
            {
                await _host.Postgres.ExecuteAsync("UPDATE leads SET status = 'won', updated_at = now() + interval '1 hour'"); // all are the newest change now
            }
        }

        Assert.Equal(ids.Order(), exported.Order());
    }

    [Fact]
    public async Task ALeadOfAProviderThatIsBeingChanged_HasWhatTheProviderBecomes()
    {
        await FillAsync(1);
        await _host.Postgres.ExecuteAsync("DELETE FROM leads");
        await using var other = await _host.Postgres.OpenAsync();
        await using var changing = await other.BeginTransactionAsync();
        await using (var change = new Npgsql.NpgsqlCommand("UPDATE providers SET state = 'WY', city = 'CODY'", other))
        {
            await change.ExecuteNonQueryAsync();
        }

        var saving = _program.PostAsync("/api/providers/save-all", new { npis = new[] { NppesFile.Npi(0).ToString() } });
        await WebHost.UntilAsync("the save waits for the change, or is done", async () => saving.IsCompleted
            || await _host.Postgres.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%SaveLeads%')"));
        await changing.CommitAsync();

        Assert.Equal(1, (await saving).Json.GetProperty("created").GetInt32());
        Assert.Equal("WY CODY", await _host.Postgres.QueryAsync<string>("SELECT state || ' ' || city FROM leads"));
    }

    [Fact]
    public async Task LeadsAreLocked_InTheOrderOfTheirProviders()
    {
        var ids = await FillAsync(2);
        await _host.Postgres.ExecuteAsync("DELETE FROM lead_history; UPDATE leads SET id = CASE WHEN npi = (SELECT min(npi) FROM leads) THEN 'ffffffff-0000-7000-8000-000000000000'::uuid ELSE '00000000-0000-7000-8000-000000000000'::uuid END");
        await using var other = await _host.Postgres.OpenAsync();
        await using var changing = await other.BeginTransactionAsync();
        await ChangeAsync("(SELECT min(npi) FROM providers)"); // holds its lead too

        var bulk = _program.PostAsync("/api/leads/status", new { ids = new[] { "ffffffff-0000-7000-8000-000000000000", "00000000-0000-7000-8000-000000000000" }, status = "won" });
        await _host.Postgres.WaitUntilAsync("the bulk change waits", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%ChangeLeads%')");
        await ChangeAsync("(SELECT max(npi) FROM providers)"); // the bulk change does not hold that one
        await changing.CommitAsync();

        Assert.Equal(ids.Count, (await bulk).Json.GetProperty("updated").GetInt32());

        async Task ChangeAsync(string npi)
        {
            await using var change = new Npgsql.NpgsqlCommand($"UPDATE providers SET state = 'WY' WHERE npi = {npi}", other);
            await change.ExecuteNonQueryAsync();
        }
    }

    private async Task<List<Guid>> FillAsync(int count)
    {
        await _host.Postgres.ExecuteAsync("""
            INSERT INTO providers (npi, entity, name, city, state, taxonomy, taxonomies, status, source, created_at, updated_at)
            SELECT npi, 'individual', 'SAMPLE' || n || ', ANNA', 'ALBANY', CASE WHEN n % 2 = 0 THEN 'NY' ELSE 'NV' END, CASE WHEN n % 3 = 0 THEN '207R00000X' ELSE '207N00000X' END, '{}', 'active', 'test', now(), now()
            FROM unnest($1::bigint[]) WITH ORDINALITY AS u(npi, place), LATERAL (SELECT place - 1 AS n) AS numbered
            """, Enumerable.Range(0, count).Select(NppesFile.Npi).ToArray());
        var saved = await _program.PostAsync("/api/providers/save-all", new { filter = new { } });
        Assert.Equal(count, saved.Json.GetProperty("created").GetInt32());
        return (await AllAsync("", 1000)).ConvertAll(Guid.Parse);
    }

    private async Task<List<string>> AllAsync(string query, int limit)
    {
        var (ids, after) = (new List<string>(), "");
        do
        {
            var page = (await _program.GetAsync($"/api/leads?{query}&limit={limit}{after}")).Json;
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("id").GetString()!));
            after = page.GetProperty("next").GetString() is { } next ? $"&after={Uri.EscapeDataString(next)}" : "";
        }
        while (after.Length > 0);
        return ids;
    }

    private Task<WebHostClient.Answer> PatchAsync(Guid id, object change) => _program.SendAsync(HttpMethod.Patch, $"/api/leads/{id}", JsonContent.Create(change));

    private static JsonElement Lead(WebHostClient.Answer answer, string member) => answer.Json.GetProperty("lead").GetProperty(member);
}
