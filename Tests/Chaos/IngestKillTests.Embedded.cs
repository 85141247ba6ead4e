using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansBulk.Simulator;
using OrleansBulk.Tests.Support;
using Xunit.Abstractions;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service killed with kill -9 at random moments of an ingest. The long form (500,000 rows, ten kills) runs with <c>BULK_LONG_TESTS=1</c>.</summary>
public sealed class IngestKillTests(ITestOutputHelper output)
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("BULK_LONG_TESTS") == "1";
    private static readonly int Rows = Long ? 500_000 : 240_000;
    private static readonly int Distinct = Rows - (Rows / 10) - (Rows / 1000);
    private static readonly int Kills = Long ? 10 : 3;

    [Fact]
    public async Task Kill_WhileMerging_EndsWithExactlyTheRightRows()
    {
        await using var simulator = await RunningSimulator.StartAsync("{}");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address);
        var gate = await MergeGate.BuildAsync(postgres, "jobs", "succeeded");
        var id = await StartAsync(service);

        var random = new Random(4);
        var (committed, partly) = (0L, 0);
        for (var kill = 1; kill <= Kills; kill++)
        {
            if (kill % 2 == 0 && kill < 10)
            {
                // Further than at the kill before: somewhere in the next merge, at its end at the latest.
                await ServiceProcess.UntilAsync("another merge is committed", async () => await CommittedAsync(postgres, id) > committed);
            }

            await Task.Delay(random.Next(10, Long ? 400 : 200)); // wherever it is by then
            await service.KillAsync();
            committed = await CommittedAsync(postgres, id);
            partly += committed > 0 && committed < Distinct ? 1 : 0;
            output.WriteLine($"kill {kill}: {committed} committed");
            await gate.PassOneAsync(committed);
            await service.StartAsync();
        }

        await gate.OpenAsync();
        Assert.True(partly > 0, "No kill met an ingest that was merged in part: the test says nothing.");
        await service.EndAsync(id);
        var result = await service.Http.GetFromJsonAsync<JsonElement>($"/api/ingest/{id}");
        var (distinct, rejected) = (Distinct, Rows / 1000);
        Assert.Equal((distinct, Rows / 10, rejected), (Count("added_to_global"), Count("skipped_existing"), Count("rejected_count")));
        Assert.Equal(Rows - rejected, Count("inserted_raw"));
        Assert.True((await service.LedgerAsync(id)).GetProperty("balanced").GetBoolean());
        Assert.Equal(distinct, await postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames"));
        Assert.Equal(Rows - rejected, await postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles"));
        Assert.Equal(Rows - rejected, await postgres.QueryAsync<long>("SELECT count(DISTINCT ord) FROM raw_scraped_profiles"));
        Assert.Equal(rejected, await postgres.QueryAsync<long>("SELECT count(*) FROM failures"));

        int Count(string name) => result.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Kill_WhileReceiving_LeavesNothing()
    {
        await using var simulator = await RunningSimulator.StartAsync("{}");
        await using var postgres = await PostgresDatabase.CreateAsync();
        await using var service = await ServiceProcess.StartAsync(postgres.ConnectionString, simulator.Address);
        using var slow = new HttpRequestMessage(HttpMethod.Post, "/api/ingest") { Content = new WrittenContent("text/csv", WriteEndlesslyAsync) };
        var sending = service.Http.SendAsync(slow);
        await ServiceProcess.UntilAsync("rows are received", () => postgres.QueryAsync<bool>("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY staged_%')"));

        await service.KillAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => sending);
        await service.StartAsync();

        Assert.Equal(0, await postgres.QueryAsync<long>("SELECT count(*) FROM jobs"));
        await postgres.WaitUntilAsync("the connection's transaction is rolled back", "SELECT NOT EXISTS (SELECT FROM pg_class WHERE relname LIKE 'staged\\_%' AND relkind = 'r')");
    }

    private static Task<long> CommittedAsync(PostgresDatabase postgres, Guid id) => postgres.QueryAsync<long>("SELECT succeeded FROM jobs WHERE id = $1", id);

    /// <summary>Every tenth id stands further up, every thousandth row has no username.</summary>
    private static async Task<Guid> StartAsync(ServiceProcess service)
    {
        using var content = new WrittenContent("text/csv", async stream =>
        {
            await using var body = new StreamWriter(stream, leaveOpen: true);
            await body.WriteAsync("id,username,full_name\n");
            for (var row = 0; row < Rows; row++)
            {
                var id = row % 10 == 9 ? row - 5 : row;
                await body.WriteAsync($"{id * 7919L % 1_000_003}-{id}{(row % 1000 == 1 ? ",," : $",user{id},")}Some Name {row}\n");
            }
        });
        using var response = await service.Http.PostAsync("/api/ingest?wait=0", content);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
    }

    private static async Task WriteEndlesslyAsync(Stream stream)
    {
        await stream.WriteAsync("id,username\n"u8.ToArray());
        for (var row = 0; ; row++)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{row},user{row}\n"));
            if (row % 1000 == 999)
            {
                await stream.FlushAsync();
                await Task.Delay(5);
            }
        }
    }
}
