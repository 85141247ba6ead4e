using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansBulk.Distribution;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Distribution;

/// <summary>Schedules as the silos run them: their clocks wake the grain, and it runs what is due once.</summary>
[Trait("Category", "Grains")]
public sealed class ScheduleGrainTests
{
    [Fact]
    public async Task ClocksOfManySilos_WakeTheGrain_WhichRunsWhatIsDueOnce()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync("INSERT INTO global_usernames (id, username, ingested_at, job_id, ord) SELECT 'u' || n, 'user' || n, '2025-01-01', gen_random_uuid(), n FROM generate_series(1, 100) n");
        var time = new ManualTime(); // midnight of the first of January 2026, UTC
        await using var cluster = await GrainCluster.StartAsync(services =>
        {
            services.AddLogging(log => log.SetMinimumLevel(LogLevel.Warning));
            services.AddSingleton(_ => new Database(postgres.ConnectionString)); // made and disposed by the cluster
            services.AddSingleton(provider => new DistributionStore(provider.GetRequiredService<Database>(), time));
            services.AddSingleton(provider => new ScheduleStore(provider.GetRequiredService<Database>(), provider.GetRequiredService<DistributionStore>(), time));
        });
        var schedules = new ScheduleStore(postgres.Database, new DistributionStore(postgres.Database, time), time);
        Assert.True(DailyTime.TryParse("06:30", "UTC", out var daily));
        await schedules.PutAsync(new DistributionRequest("every day", 10, ["ada", "bob"], false), daily, enabled: true, "tester", CancellationToken.None);
        var clocks = Enumerable.Range(0, 3).Select(_ => new ScheduleClock(schedules, cluster.Grains, time, cluster.Services.GetRequiredService<ILogger<ScheduleClock>>())).ToList();

        Assert.Equal(0, (await Task.WhenAll(clocks.Select(clock => clock.RunOnceAsync(CancellationToken.None)))).Sum()); // nothing is due yet
        time.Advance(TimeSpan.FromHours(7));
        Assert.Equal(1, (await Task.WhenAll(clocks.Select(clock => clock.RunOnceAsync(CancellationToken.None)))).Sum());

        Assert.Equal(10, await postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE used"));
        Assert.Equal("every day 2026-01-01", await postgres.QueryAsync<string>("SELECT string_agg(name, ',') FROM distributions"));
        clocks.ForEach(clock => clock.Dispose());
    }
}
