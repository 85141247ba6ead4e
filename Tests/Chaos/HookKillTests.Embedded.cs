using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 while models write and judges judge.</summary>
public sealed class HookKillTests(ITestOutputHelper output)
{
    private const int HooksPerModel = 10;
    private const long Budget = 1_000_000;
    private static readonly string[] Models = ["gpt-4o", "gpt-4.1", "claude-haiku", "claude-sonnet"];

    [Fact]
    public async Task Kill_MidRun_AsksForNothingThatIsWrittenOrJudged()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"openai": {"chat": {"firstTokenMs": 150, "tokensPerSecond": 60}}, "anthropic": {"chat": {"firstTokenMs": 150, "tokensPerSecond": 60}}}}""");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address);
        using var begun = await service.Http.PostAsJsonAsync("/api/hooks/generate", new { topic = "weekly planning", models = Models, hooksPerModel = HooksPerModel, cacheSeconds = 0, budget = new { tokens = Budget } });
        var id = (await begun.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();

        var judged = new HashSet<string>();
        var written = new HashSet<string>();
        var askedAgain = 0;
        var charged = 0L;
        for (var kill = 1; kill <= 2; kill++)
        {
            var target = kill * 8;
            await ServiceProcess.UntilAsync($"{target} hooks are written", async () => await postgres.QueryAsync<long>("SELECT count(*) FROM hooks WHERE job_id = $1", id) >= target);
            await service.KillAsync();
            await ServiceProcess.UntilAsync("the simulator has noticed", () => Task.FromResult(simulator.Journal("openai").InFlight + simulator.Journal("anthropic").InFlight == 0));
            askedAgain += Asked().Count(judged.Contains); // since the kill before, of what was judged then
            written = await SetAsync("SELECT coalesce(json_agg(model || ' ' || no || ' ' || text), '[]')::text FROM hooks WHERE job_id = $1");
            judged = await SetAsync("SELECT coalesce(json_agg(lower(h.text)), '[]')::text FROM hooks h JOIN hook_evaluations e USING (job_id, model, no) WHERE h.job_id = $1");
            output.WriteLine($"kill {kill}: {written.Count} written, {judged.Count} judged");
            charged += Charged();
            simulator.ResetJournal();
            await service.StartAsync();
        }

        await service.EndAsync(id, TimeSpan.FromMinutes(2));
        askedAgain += Asked().Count(judged.Contains);
        var run = await service.Http.GetFromJsonAsync<JsonElement>($"/api/hooks/runs/{id}");
        var ledger = await service.LedgerAsync(id);
        var hooks = run.GetProperty("hooks").EnumerateArray().ToList();

        Assert.Equal(0, askedAgain);
        Assert.InRange(charged + Charged(), 1, run.GetProperty("budget").GetProperty("spentTokens").GetInt64()); // calls that died with their process too
        Assert.InRange(run.GetProperty("budget").GetProperty("spentTokens").GetInt64(), 1, Budget);
        Assert.Equal("4 of 4 models, 40 of 40 hooks judged", run.GetProperty("summary").GetString());
        Assert.True(ledger.GetProperty("balanced").GetBoolean(), ledger.ToString());
        Assert.Equal(44, ledger.GetProperty("succeeded").GetInt32());
        Assert.Superset(written, await SetAsync("SELECT coalesce(json_agg(model || ' ' || no || ' ' || text), '[]')::text FROM hooks WHERE job_id = $1"));
        // The simulator numbers what a model writes by what it was told to be there: a hook with another number was written twice.
        Assert.All(hooks, hook => Assert.EndsWith($", {hook.GetProperty("no").GetInt32()})", hook.GetProperty("text").GetString(), StringComparison.Ordinal));

        long Charged() => simulator.Journal("openai").Charged + simulator.Journal("anthropic").Charged;
        IEnumerable<string> Asked() => simulator.Asked("openai", "judge").Select(key => key["gpt-4o-mini/".Length..]);
        async Task<HashSet<string>> SetAsync(string sql) => [.. JsonSerializer.Deserialize<string[]>(await postgres.QueryAsync<string>(sql, id))!];
    }
}
