using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Providers;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Providers;

/// <summary><c>provider-sync</c> in the whole service against the simulated registry.</summary>
public sealed class SyncTests(ITestOutputHelper output)
{
    private static readonly (string, string)[] Quick = [("Upstreams:nppes:Concurrency", "8"), ("Upstreams:nppes:RetryDelay", "00:00:00.05")];

    private const string InternalMedicine = """{"specialties": ["207R00000X"], "states": ["GA"]}""";

    [Fact]
    public async Task FiftyThousandInOneState_AreAllFound_NoneTwice()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 50000}, "taxonomies": ["207R00000X"]}}""");

        var (job, sync) = await SyncAsync(host, InternalMedicine);

        var journal = host.Simulator.Journal("nppes");
        output.WriteLine($"{journal.Calls} calls, {sync}");
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.Equal((50_000, 50_000, 0, 0), (Of(sync, "found"), Of(sync, "created"), Of(sync, "updated"), Of(sync, "unchanged")));
        Assert.True(sync.GetProperty("complete").GetBoolean());
        Assert.Equal(50_000, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers"));
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE state <> 'GA'"));
        Assert.Equal(journal.Calls, Of(job.GetProperty("progress"), "callsMade"));
        Assert.Equal(0, journal.Keys.AskedRepeatedly);
        Assert.InRange(journal.Calls, 250, 2500); // 250 pages hold 50,000 rows; towns are not full
    }

    [Fact]
    public async Task TheSameSyncAgainWithinFiveMinutes_CostsNoCall()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"GA": 3000}}}""");
        var (first, found) = await SyncAsync(host, """{"states": ["GA"]}""");
        var calls = host.Simulator.Journal("nppes").Calls;

        var (second, again) = await SyncAsync(host, """{"states": ["GA"]}""");

        Assert.True(calls > 20, $"Only {calls} calls: the test says nothing.");
        Assert.Equal(calls, host.Simulator.Journal("nppes").Calls);
        Assert.Equal(0, Of(second.GetProperty("progress"), "callsMade"));
        Assert.Equal(Of(first.GetProperty("progress"), "callsMade") + Of(first.GetProperty("progress"), "callsAvoided"), Of(second.GetProperty("progress"), "callsAvoided"));
        Assert.Equal((0, 0, Of(found, "created")), (Of(again, "created"), Of(again, "updated"), Of(again, "unchanged")));
        Assert.True(again.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task WhatChangedAtTheRegistry_IsUpdated_AndNothingElse()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"changedPerRevision": 0.1, "nppes": {"providers": 0, "recorded": false, "states": {"GA": 2000}, "taxonomies": ["207R00000X"]}}""");
        await SyncAsync(host, InternalMedicine);
        await host.Postgres.ExecuteAsync("UPDATE provider_pages SET fetched_at = fetched_at - interval '1 hour'");
        host.Simulator.Change("""{"revision": 1, "nppes": {"states": {"GA": 2100}}}""");

        var (_, sync) = await SyncAsync(host, InternalMedicine);

        Assert.Equal(2100, Of(sync, "found"));
        Assert.Equal(100, Of(sync, "created"));
        Assert.InRange(Of(sync, "updated"), 120, 300);
        Assert.Equal(Of(sync, "updated"), await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE updated_at > created_at"));
        Assert.Equal(Of(sync, "updated"), await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE updated_at > created_at AND phone LIKE '555901%'"));
    }

    [Fact]
    public async Task MoreThanCanBeReachedInOneZipCode_AreToldApartByName()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 3000}, "postalCode": "30303", "taxonomies": ["207R00000X"]}}""");

        var (_, sync) = await SyncAsync(host, """{"specialties": ["Internal Medicine"], "postalCodes": ["30303"]}""");

        output.WriteLine($"{host.Simulator.Journal("nppes").Calls} calls");
        Assert.Equal(3000, Of(sync, "found"));
        Assert.True(sync.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task EachSpecialty_IsFilteredByCode_AndProvidersWithTwoCountOnce()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"GA": 4000}}}""");

        var (job, sync) = await SyncAsync(host, """{"states": ["ga"]}""");

        const string Asked = "'{207R00000X,207Q00000X,208000000X,207RC0000X,207N00000X,2084P0800X,207X00000X,207V00000X}'::text[]";
        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.Equal(Of(sync, "found"), await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers"));
        Assert.Equal(0, await host.Postgres.QueryAsync<long>($"SELECT count(*) FROM providers WHERE NOT taxonomies && {Asked}"));
        var specialties = sync.GetProperty("specialties").EnumerateArray().ToList();
        Assert.Equal(8, specialties.Count);
        foreach (var specialty in specialties)
        {
            Assert.True(specialty.GetProperty("complete").GetBoolean());
            Assert.Equal(Of(specialty, "found"), await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE $1 = ANY(taxonomies)", specialty.GetProperty("code").GetString()));
        }

        Assert.True(specialties.Sum(specialty => Of(specialty, "found")) > Of(sync, "found"), "No provider has two specialties: the test says nothing.");
        Assert.InRange(Of(sync, "found"), 2000, 3500);
    }

    [Fact]
    public async Task FurtherSpecialties_AreAskedForByDescriptionAlone_AndByCodeAlone_OnceAnAnswerHasTaughtWhatItMeans()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 600}, "taxonomies": ["207ND0101X", "207R00000X", "207N00000X"]}}""");

        // Not among the names that are known here.
        const string Code = "207ND0101X";
        var (_, described) = await SyncAsync(host, """{"specialties": ["MOHS-Micrographic Surgery"], "states": ["GA"]}""");
        Assert.True(described.GetProperty("complete").GetBoolean());
        Assert.Equal(JsonValueKind.Null, described.GetProperty("specialties")[0].GetProperty("code").ValueKind);
        Assert.InRange(Of(described, "found"), 1, 600);
        Assert.Equal(Of(described, "found"), await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE $1 = ANY(taxonomies)", Code));

        var (_, coded) = await SyncAsync(host, $$"""{"specialties": ["{{Code}}"], "states": ["GA"]}""");
        Assert.Equal((Of(described, "found"), 0), (Of(coded, "found"), Of(coded, "created")));
    }

    [Fact]
    public async Task RegistryThatDoesNotTurnThePage_IsAnError_AndTheSyncSaysWhatIsMissing()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 900}, "taxonomies": ["207R00000X"], "turnsPages": false}}""");

        var (job, sync) = await SyncAsync(host, InternalMedicine);

        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.Equal(200, Of(sync, "found"));
        Assert.False(sync.GetProperty("complete").GetBoolean());
        Assert.Equal("GA", sync.GetProperty("specialties")[0].GetProperty("notWhole")[0].GetProperty("part").GetString());
        Assert.Equal(5, await host.Postgres.QueryAsync<long>("SELECT count FROM failure_causes WHERE cause = 'nppes: page repeated'"));

        // What failed can be asked for again; the page that was read is not.
        host.Simulator.Change("""{"nppes": {"turnsPages": true}}""");
        using var program = host.Program();
        var id = job.GetProperty("id").GetGuid();
        Assert.Equal(HttpStatusCode.Accepted, (await program.PostAsync($"/api/jobs/{id}/retry-failed")).Status);
        await program.WhenAsync(id, "completed");
        var healed = (await program.GetAsync($"/api/sync/{id}")).Json;
        Assert.Equal(900, Of(healed, "created"));
        Assert.True(healed.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task PagesThatAreReadMuchLaterThanTheFirst_AreNotPutBesideIt()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 900}, "taxonomies": ["207R00000X"], "turnsPages": false}}""");
        var (job, first) = await SyncAsync(host, InternalMedicine);
        Assert.Equal(200, Of(first, "found"));

        // Overnight rows left the first page, so that others moved up into it.
        await AgeAsync(host);
        host.Simulator.Change("""{"nppes": {"states": {"GA": 700}, "turnsPages": true}}""");
        using var program = host.Program();
        var id = job.GetProperty("id").GetGuid();
        var calls = host.Simulator.Journal("nppes").Calls;
        await program.PostAsync($"/api/jobs/{id}/retry-failed");
        await program.WhenAsync(id, "completed");

        var late = (await program.GetAsync($"/api/sync/{id}")).Json;
        Assert.True(late.GetProperty("complete").GetBoolean());
        Assert.Equal(4, host.Simulator.Journal("nppes").Calls - calls); // each page of 700 rows once
        await AgeAsync(host);
        var (_, again) = await SyncAsync(host, InternalMedicine);
        Assert.Equal((700, 0), (Of(again, "found"), Of(again, "created"))); // nobody was missing

        static Task AgeAsync(WebHost host) => host.Postgres.ExecuteAsync(
            "UPDATE provider_pages SET fetched_at = fetched_at - interval '1 hour'; UPDATE provider_sync_parts SET first_read_at = first_read_at - interval '1 hour'");
    }

    [Fact]
    public async Task RowsThatMoveFromPageToPage_AreFoundAllTheSame()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 1000}, "taxonomies": ["207R00000X"], "unstable": true}}""");

        var (_, sync) = await SyncAsync(host, InternalMedicine);

        Assert.Equal(1000, Of(sync, "found"));
        Assert.True(sync.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task SpellingsOfBefore2021_AreTheSameProviders()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        const string World = """ "providers": 0, "recorded": false, "states": {"GA": 1000}, "taxonomies": ["207R00000X"] """;
        host.Simulator.Change($$"""{"nppes": { {{World}} } }""");
        await SyncAsync(host, InternalMedicine);
        await host.Postgres.ExecuteAsync("DELETE FROM provider_pages");
        host.Simulator.Change($$"""{"nppes": { {{World}}, "numbers": "integers", "epochSeconds": true, "oldFields": true } }""");

        var (_, sync) = await SyncAsync(host, InternalMedicine);

        Assert.Equal((0, 0, 1000), (Of(sync, "created"), Of(sync, "updated"), Of(sync, "unchanged")));
    }

    [Fact]
    public async Task WrongCheckDigits_AreNotStored_AndDeactivatedProvidersAreMarked()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 2000}, "taxonomies": ["207R00000X"], "wrongCheckDigits": 0.1, "deactivated": 0.1}}""");

        var (_, sync) = await SyncAsync(host, InternalMedicine);

        Assert.InRange(Of(sync, "rejected"), 100, 300); // each once, though its row stands in more than one part
        Assert.Equal(2000 - Of(sync, "rejected"), Of(sync, "found"));
        Assert.InRange(await host.Postgres.QueryAsync<long>("SELECT count(*) FROM providers WHERE status = 'deactivated' AND deactivated_on IS NOT NULL AND name IS NOT NULL"), 80, 300);
    }

    [Fact]
    public async Task RegistryInTrouble_IsWaitedOut_AndNothingIsLost()
    {
        await using var host = await WebHost.StartAsync(null, [.. Quick, ("Upstreams:nppes:Timeout", "00:00:01"), ("Upstreams:nppes:Attempts", "10"), ("Upstreams:nppes:BreakerOpen", "00:00:00.2")]);
        host.Simulator.Change("""
            {"nppes": {"providers": 0, "recorded": false, "states": {"GA": 5000}, "taxonomies": ["207R00000X"]}, "upstreams": {"nppes": {"faults": [
                {"kind": "status", "status": 429, "everyNth": 7, "retryAfter": {"seconds": 0.2, "form": "fraction"}},
                {"kind": "status", "status": 503, "everyNth": 11}, {"kind": "cutBody", "everyNth": 13}, {"kind": "hang", "everyNth": 37}, {"kind": "disconnect", "everyNth": 41}]}}}
            """);

        var (job, sync) = await SyncAsync(host, InternalMedicine);

        var journal = host.Simulator.Journal("nppes");
        output.WriteLine($"{journal.Calls} calls, faults {string.Join(", ", journal.Faults)}");
        Assert.True(journal.Faults.Count >= 4 && journal.Faults.Values.Sum() > 20, "Too little went wrong.");
        Assert.Equal(0, Of(job.GetProperty("progress"), "failed"));
        Assert.Equal(5000, Of(sync, "created"));
        Assert.True(sync.GetProperty("complete").GetBoolean());
        Assert.InRange(Of(job.GetProperty("progress"), "callsMade") - journal.Calls, 0, 8); // one that was given up after a second may never have arrived
    }

    [Fact]
    public async Task RegistryAnswersWithAPage_AsIfAllWereWell_TheItemFailsAndNothingIsStored()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"GA": 100}}, "upstreams": {"nppes": {"faults": [{"kind": "html", "nextCalls": 1}]}}}""");

        var (job, sync) = await SyncAsync(host, InternalMedicine);

        Assert.Equal(1, Of(job.GetProperty("progress"), "failed"));
        Assert.Equal(0, Of(sync, "found"));
        Assert.False(sync.GetProperty("complete").GetBoolean());
        Assert.Equal("nppes: no JSON in the answer", await host.Postgres.QueryAsync<string>("SELECT cause FROM failures"));
    }

    [Fact]
    public async Task DefaultLimits_ThreeAtOnceAndFiveASecond_AreKept()
    {
        await using var host = await WebHost.StartAsync(null, ("Upstreams:nppes:Limits", "5 per 1s"));
        host.Simulator.Change("""
            {"nppes": {"providers": 0, "recorded": false, "states": {"GA": 1100}, "taxonomies": ["207R00000X"]},
            "upstreams": {"nppes": {"latency": {"meanMs": 300, "spreadMs": 0}, "limit": {"calls": 5, "perSeconds": 1, "status": 429}}}}
            """);

        var (_, sync) = await SyncAsync(host, """{"specialties": ["Internal Medicine", "207Q00000X", "Dermatology", "Pediatrics"], "states": ["GA", "FL"]}""");

        var journal = host.Simulator.Journal("nppes");
        Assert.Equal(1100, Of(sync, "found"));
        Assert.InRange(journal.MostAtOnce, 2, 3);
        Assert.InRange(journal.MostInLimitWindow!.Value, 1, 5);
        Assert.Equal(0, journal.Refused.Total);
    }

    [Fact]
    public async Task Progress_NamesTheSpecialty()
    {
        await using var host = await WebHost.StartAsync(null, ("Upstreams:nppes:Concurrency", "1"));
        host.Simulator.Change("""{"nppes": {"providers": 0, "states": {"GA": 50}}}""");
        using var program = host.Program();
        using var first = host.Simulator.Hold("nppes");
        var id = await StartAsync(program, """{"specialties": ["Dermatology", "Internal Medicine"], "states": ["GA"]}""");
        await DoingAsync("Dermatology (1 of 2)");
        await WebHost.UntilAsync("it has asked", () => Task.FromResult(host.Simulator.Journal("nppes").InFlight == 1));

        using (host.Simulator.Hold("nppes"))
        {
            first.Dispose();
            await DoingAsync("Internal Medicine (2 of 2)");
        }

        Assert.Null((await program.WhenAsync(id, "completed")).GetProperty("progress").GetProperty("doing").GetString());

        Task DoingAsync(string what) =>
            WebHost.UntilAsync($"the sync is at {what}", async () => (await program.JobAsync(id)).GetProperty("progress").GetProperty("doing").GetString() == what);
    }

    [Fact]
    public async Task Preview_TellsWhatWouldBeAsked_AndAsksNobody()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        using var program = host.Program();

        var forecast = (await program.PostAsync("/api/jobs/preview", """{"workload": "provider-sync", "spec": {"states": ["GA", "FL"]}}""")).Json;

        Assert.Equal(16, Of(forecast, "items"));
        Assert.Equal(16, forecast.GetProperty("calls").GetProperty("nppes").GetInt32());
        Assert.Equal(0, host.Simulator.Journal("nppes").Calls);
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task WhatIsNotNeededAnyMore_IsForgotten_AndWhatTheSyncCameToStays()
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        host.Simulator.Change("""{"nppes": {"providers": 0, "recorded": false, "states": {"GA": 300}, "taxonomies": ["207R00000X"]}}""");
        var (job, _) = await SyncAsync(host, InternalMedicine);
        var upkeep = host.Services.GetServices<IHostedService>().OfType<SyncUpkeep>().Single();
        await upkeep.RunOnceAsync(CancellationToken.None);
        Assert.Equal(300, await CountAsync("provider_sync_found"));
        Assert.InRange(await CountAsync("provider_pages"), 2, 6);

        await host.Postgres.ExecuteAsync("UPDATE provider_pages SET fetched_at = fetched_at - interval '1 hour'");
        await host.Postgres.ExecuteAsync("UPDATE jobs SET chunks_dropped_at = now()");
        await upkeep.RunOnceAsync(CancellationToken.None);

        Assert.Equal((0, 0), (await CountAsync("provider_sync_found"), await CountAsync("provider_pages")));
        using var program = host.Program();
        var sync = (await program.GetAsync($"/api/sync/{job.GetProperty("id").GetGuid()}")).Json;
        Assert.Equal(300, Of(sync, "found"));
        Assert.True(sync.GetProperty("complete").GetBoolean());

        Task<long> CountAsync(string table) => host.Postgres.QueryAsync<long>($"SELECT count(*) FROM {table}");
    }

    [Theory]
    [InlineData("""{"specialties": ["Internal*"]}""", "'Internal*'; it must be a taxonomy code")]
    [InlineData("""{"specialties": ["207RX9999X"]}""", "no answer of it with this code is stored")]
    [InlineData("""{"states": ["Georgia"]}""", "two letters of a state")]
    [InlineData("""{"postalCodes": ["3"]}""", "ZIP code of 5 or 9 digits")]
    [InlineData("""{"specialities": []}""", "'specialities', which says nothing to a sync")]
    [InlineData("""[]""", "must be a JSON object")]
    public async Task WrongSpec_IsRefusedInWords(string body, string because)
    {
        await using var host = await WebHost.StartAsync(null, Quick);
        using var program = host.Program();

        Assert.Contains(because, (await program.PostAsync("/api/sync", body)).Problem(HttpStatusCode.BadRequest), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DescriptionThatTheRegistryDoesNotKnow_FailsInWords()
    {
        await using var host = await WebHost.StartAsync(null, Quick);

        var (job, sync) = await SyncAsync(host, """{"specialties": [{"code": "207RX0001X", "description": "Internal Medicine, Nothing"}], "states": ["GA"]}""");

        Assert.Equal(1, Of(job.GetProperty("progress"), "failed"));
        Assert.False(sync.GetProperty("complete").GetBoolean());
        Assert.Equal("nppes: description finds no taxonomy", await host.Postgres.QueryAsync<string>("SELECT cause FROM failures"));
    }

    private static async Task<Guid> StartAsync(WebHostClient program, string body)
    {
        var answer = await program.PostAsync("/api/sync", body);
        Assert.True(answer.Status == HttpStatusCode.Accepted, answer.Text);
        return answer.Json.GetProperty("id").GetGuid();
    }

    private static async Task<(JsonElement Job, JsonElement Sync)> SyncAsync(WebHost host, string body)
    {
        using var program = host.Program();
        var id = await StartAsync(program, body);
        JsonElement job = default;
        await WebHost.UntilAsync(() => $"the sync ends; it was {job}", async () => (job = await program.JobAsync(id)).GetProperty("status").GetString() is "completed" or "failed");
        return (job, (await program.GetAsync($"/api/sync/{id}")).Json);
    }

    private static long Of(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
