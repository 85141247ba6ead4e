using System.Net.Http.Json;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Simulator.Sheets;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 in the middle of a sync of all tabs, into a spreadsheet and into files.</summary>
public sealed class TabKillTests(ITestOutputHelper output)
{
    private const int Learners = 200;
    private const int Kills = 2;

    private static readonly Dictionary<string, (string Title, int Rows)> Tabs = new()
    {
        ["user-profiles"] = ("User profiles", Learners),
        ["quiz-responses"] = ("Quiz responses", 4 * Learners),
        ["engagement-logs"] = ("Engagement logs", 3 * Learners),
        ["chat-logs"] = ("Chat logs", Learners),
        ["course-progress"] = ("Course progress", 2 * Learners),
    };

    [Fact]
    public async Task Kill_WhileWritingToASpreadsheet_DoublesNoRow_AndLosesNone()
    {
        await using var simulator = await RunningSimulator.StartAsync("""{"upstreams": {"sheets": {"latency": {"meanMs": 40}, "quota": null}}}""");
        await using var postgres = await PostgresDatabase.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("tab-kill");
        var key = Path.Combine(folder.FullName, "key.json");
        await File.WriteAllTextAsync(key, simulator.Sheets.KeyFile);
        await using var service = await ServiceProcess.StartAsync(
            postgres.ConnectionString, simulator.Address, ("Tabs__Destination", "sheets"), ("Tabs__Sheets__KeyFile", key), ("Tabs__Sheets__SpreadsheetId", SheetsWorld.DemoId),
            ("Tabs__Delay", "00:00:00"), ("Upstreams__sheets__Limits", "none"), ("Upstreams__sheets-reads__Limits", "none"));
        await postgres.ExecuteAsync($"SELECT learning.make_demo({Learners})");

        var id = await SyncAsync(service);
        for (var kill = 1; kill <= Kills; kill++)
        {
            var before = await WrittenAsync(postgres);
            await ServiceProcess.UntilAsync("more is written", async () => simulator.Journal("sheets").Calls >= 15 && (kill == 1 || await WrittenAsync(postgres) > before));
            await service.KillAsync();
            await ServiceProcess.UntilAsync("the simulator has noticed", () => Task.FromResult(simulator.Journal("sheets").InFlight == 0));
            output.WriteLine($"kill {kill}: {await WrittenAsync(postgres)} rows committed, {Tabs.Values.Sum(tab => Rows(tab.Title).Count())} in the spreadsheet");
            simulator.ResetJournal();
            await service.StartAsync();
        }

        await EndAsync(service, id);
        foreach (var (title, rows) in Tabs.Values)
        {
            Assert.Equal(rows, Rows(title).Count());
            Assert.Equal(rows, Rows(title).Distinct(StringComparer.Ordinal).Count());
        }

        await CompareAsync(service);
        folder.Delete(recursive: true);

        IEnumerable<string> Rows(string title) => simulator.Sheets.Demo.Titles.Contains(title) ? simulator.Sheets.Demo.Rows(title).Skip(1).Select(row => string.Join('|', row)).Where(row => row.Length > 0) : [];
    }

    [Fact]
    public async Task Kill_WhileWritingFiles_LeavesEachWhole_AndInTheEndComplete()
    {
        await using var simulator = await RunningSimulator.StartAsync("{}");
        await using var postgres = await PostgresDatabase.CreateAsync();
        var folder = Directory.CreateTempSubdirectory("tab-kill");
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address, ("Tabs__Files__Folder", folder.FullName), ("Tabs__Delay", "00:00:00"));
        await postgres.ExecuteAsync($"SELECT learning.make_demo({Learners})");

        var id = await SyncAsync(service);
        await ServiceProcess.UntilAsync("some is written", async () => await WrittenAsync(postgres) > 0);
        await service.KillAsync();
        output.WriteLine($"{await WrittenAsync(postgres)} rows committed, {folder.GetFiles("*.csv").Length} files");
        foreach (var file in folder.GetFiles("*.csv"))
        {
            Assert.EndsWith("\r\n", await File.ReadAllTextAsync(file.FullName), StringComparison.Ordinal);
        }

        await service.StartAsync();

        await EndAsync(service, id);
        await CompareAsync(service);
        Assert.Equal(Tabs.Values.Select(tab => tab.Title + ".csv").Order(StringComparer.Ordinal), folder.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
        foreach (var (title, rows) in Tabs.Values)
        {
            var text = await File.ReadAllTextAsync(Path.Combine(folder.FullName, title + ".csv"));
            Assert.Equal(rows + 1, text.Split("\r\n").Length - 1); // the line breaks within cells are single ones
        }

        folder.Delete(recursive: true);
    }

    private static Task<long> WrittenAsync(PostgresDatabase postgres) => postgres.QueryAsync<long>("SELECT count(*) FROM tab_rows WHERE cells IS NOT NULL AND NOT is_dirty");

    private static async Task<Guid> SyncAsync(ServiceProcess service)
    {
        using var begun = await service.Http.PostAsJsonAsync("/api/tabs/sync", new { incremental = false });
        Assert.True(begun.IsSuccessStatusCode, await begun.Content.ReadAsStringAsync());
        return (await begun.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private static async Task EndAsync(ServiceProcess service, Guid id)
    {
        var job = await service.EndAsync(id, TimeSpan.FromMinutes(2));
        Assert.Equal(("completed", 0), (job.GetProperty("status").GetString(), job.GetProperty("progress").GetProperty("failed").GetInt32()));
        Assert.True((await service.LedgerAsync(id)).GetProperty("balanced").GetBoolean());
    }

    /// <summary>Another full sync compares every row of the source with what is written, and every row of the sheet, and finds nothing to do.</summary>
    private static async Task CompareAsync(ServiceProcess service)
    {
        await EndAsync(service, await SyncAsync(service));
        foreach (var tab in Tabs.Keys)
        {
            var last = (await service.Http.GetFromJsonAsync<JsonElement>($"/api/tabs/{tab}/syncs"))[0];
            Assert.True(
                last.GetProperty("full").GetBoolean() && last.GetProperty("whole").GetBoolean()
                && new[] { "added", "changed", "removed", "restored" }.All(what => last.GetProperty(what).GetInt32() == 0), $"{tab}: {last}");
        }
    }
}
