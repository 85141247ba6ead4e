using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Ingest;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web;

namespace OrleansBulk.Tests.Ingest;

/// <summary>An ingest as a job: several merges, commands in the middle, and what is left behind.</summary>
public sealed class IngestJobTests(WebHost host) : IClassFixture<WebHost>
{
    [Fact]
    public async Task ManyRows_AreMergedInSeveralTransactions_AndEachHasItsOutcome()
    {
        using var program = host.Program();
        var id = await StartAsync(program, "many", 250_000);

        var job = await program.WhenAsync(id, "completed");

        Assert.Equal((250_000, 250_000), (job.GetProperty("progress").GetProperty("submitted").GetInt32(), job.GetProperty("progress").GetProperty("succeeded").GetInt32()));
        Assert.True((await program.GetAsync($"/api/jobs/{id}/ledger")).Json.GetProperty("balanced").GetBoolean());
        Assert.Equal(3, await host.Postgres.QueryAsync<long>("SELECT commit_no FROM jobs WHERE id = $1", id));
        Assert.Equal(250_000, await host.Postgres.QueryAsync<long>("SELECT count(DISTINCT ord) FROM raw_scraped_profiles WHERE job_id = $1", id));
        await host.Postgres.WaitUntilAsync("the staged rows are gone", "SELECT to_regclass($1) IS NULL", $"staged_{id:N}");
    }

    [Fact]
    public async Task PausedIngest_StandsStill_AndResumesWhereItStood()
    {
        using var program = host.Program();
        Guid id;
        await using (await HoldIdAsync("pause0"))
        {
            id = await StartAsync(program, "pause", 1000);
            await MergingAsync();
            await program.PostAsync($"/api/jobs/{id}/pause");
            Assert.Equal("paused", (await program.JobAsync(id)).GetProperty("status").GetString());
        }

        await host.Postgres.WaitUntilAsync("the merge under way is committed", "SELECT succeeded = 1000 FROM jobs WHERE id = $1", id);
        await program.PostAsync($"/api/jobs/{id}/resume");
        await program.WhenAsync(id, "completed");
        Assert.Equal(1000, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE job_id = $1", id));
    }

    [Fact]
    public async Task CancelledIngest_RollsItsMergeBack_AndItsStagedRowsGo()
    {
        using var program = host.Program();
        Guid id;
        await using (await HoldIdAsync("cancel0"))
        {
            id = await StartAsync(program, "cancel", 1000);
            await MergingAsync();
            await program.PostAsync($"/api/jobs/{id}/cancel");
        }

        var job = await program.WhenAsync(id, "cancelled");
        Assert.Equal(1000, job.GetProperty("progress").GetProperty("cancelled").GetInt32());
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE job_id = $1", id));
        await host.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<IngestUpkeep>().Single().RunOnceAsync(CancellationToken.None);
        Assert.True(await host.Postgres.QueryAsync<bool>("SELECT to_regclass($1) IS NULL", $"staged_{id:N}"));
    }

    [Fact]
    public async Task Partitions_AreMadeAhead_AndDroppedWhole()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var clock = new ManualTime(); // the first of January 2026
        var partitions = new RawPartitions(postgres.Database);
        var upkeep = new IngestUpkeep(postgres.Database, partitions, new IngestOptions { KeepRawMonths = 2, MonthsAhead = 2 }, clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<IngestUpkeep>.Instance);

        await upkeep.RunOnceAsync(CancellationToken.None);
        Assert.Equal(["2026-01-01", "2026-02-01", "2026-03-01"], (await partitions.ListAsync(CancellationToken.None)).Select(month => month.ToString("yyyy-MM-dd")));

        clock.Advance(TimeSpan.FromDays(100)); // April: January is over, and two months beside the running one stay
        Assert.Equal(1, await upkeep.RunOnceAsync(CancellationToken.None));
        Assert.Equal(["2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"], (await partitions.ListAsync(CancellationToken.None)).Select(month => month.ToString("yyyy-MM-dd")));
    }

    [Fact]
    public async Task ATableThatCannotBeDropped_OrIsSomebodyElses_KeepsTheOthersFromNothing()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var partitions = new RawPartitions(postgres.Database);
        var log = new LogCapture();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var upkeep = new IngestUpkeep(postgres.Database, partitions, new IngestOptions { KeepRawMonths = 1, MonthsAhead = 1 }, new ManualTime(), loggers.CreateLogger<IngestUpkeep>());
        foreach (var month in new[] { 1, 2, 3 })
        {
            await partitions.EnsureAsync(new DateTimeOffset(2025, month, 1, 0, 0, 0, TimeSpan.Zero), CancellationToken.None);
        }

        await postgres.ExecuteAsync("""
            CREATE VIEW seen AS SELECT id FROM raw_scraped_profiles_2025_02;
            CREATE TABLE raw_scraped_profiles_default PARTITION OF raw_scraped_profiles DEFAULT;
            CREATE TABLE raw_scraped_profiles_2020_old PARTITION OF raw_scraped_profiles FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')
            """);

        Assert.Equal(2, await upkeep.RunOnceAsync(CancellationToken.None));

        Assert.Equal(["2025-02-01", "2026-01-01", "2026-02-01"], (await partitions.ListAsync(CancellationToken.None)).Select(month => month.ToString("yyyy-MM-dd")));
        Assert.Contains("raw_scraped_profiles of 2025-02", log.At(LogLevel.Error), StringComparison.Ordinal);
    }

    private static async Task<Guid> StartAsync(WebHostClient program, string prefix, int rows)
    {
        var body = new StringBuilder("id,username\n");
        for (var row = 0; row < rows; row++)
        {
            body.Append(prefix).Append(row).Append(",user").Append(row).Append('\n');
        }

        return (await program.PostTextAsync("/api/ingest?wait=0", body.ToString(), "text/csv")).Json.GetProperty("id").GetGuid();
    }

    /// <summary>Another transaction is about to bring this id, so that a merge which has it too waits.</summary>
    private async Task<IAsyncDisposable> HoldIdAsync(string id)
    {
        var connection = await host.Postgres.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand("BEGIN; INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) VALUES ('" + id + "', 'x', now(), gen_random_uuid(), 0)", connection);
        await command.ExecuteNonQueryAsync();
        return connection; // closing it rolls back
    }

    private Task MergingAsync() => host.Postgres.WaitUntilAsync("the merge waits for the id", "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%MergeUsernames%')");
}
