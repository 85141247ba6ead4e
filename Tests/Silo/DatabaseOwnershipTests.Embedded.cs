using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrleansBulk.Hosting;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Silo;

public sealed class DatabaseOwnershipTests(PostgresDatabase database) : IClassFixture<PostgresDatabase>
{
    [Fact]
    public async Task ASecondProcess_DoesNotStart_AndStartsOnceTheFirstHasStopped()
    {
        using var first = Silo();
        await first.StartAsync();
        using (var second = Silo())
        {
            var error = await Assert.ThrowsAsync<SiloStartException>(() => second.StartAsync());
            Assert.Contains("The database is in use by another process", error.Message, StringComparison.Ordinal);
            Assert.Contains(first.Services.GetRequiredService<SiloIdentity>().Name, error.Message, StringComparison.Ordinal);
        }

        await first.StopAsync();
        using var third = Silo();
        await third.StartAsync();
        await third.StopAsync();
    }

    [Fact]
    public async Task ASessionThatIsCutOff_TakesTheDatabaseAnew()
    {
        using var silo = Silo();
        await silo.StartAsync();
        var name = silo.Services.GetRequiredService<SiloIdentity>().Name;
        var before = await OwnerAsync(name);

        await database.ExecuteAsync("SELECT pg_terminate_backend($1)", before);

        await database.WaitUntilAsync("the lock is held by a new session",
            "SELECT EXISTS (SELECT FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE application_name = $1 AND pid <> $2 AND locktype = 'advisory')", name, before);
        Assert.False(silo.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        await silo.StopAsync();
    }

    [Fact]
    public async Task WhenAnotherHasTakenTheDatabase_TheProcessStops()
    {
        using var silo = Silo();
        await silo.StartAsync();
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        silo.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(stopping.SetResult);

        // In one statement, so that the silo cannot be quicker: end its session, wait for its end, take its lock and keep it.
        await using var thief = await database.OpenAsync();
        await using var steal = new Npgsql.NpgsqlCommand(
            "SELECT pg_terminate_backend($1, 5000), pg_advisory_lock((classid::bigint << 32) | objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND pid = $1", thief)
        {
            Parameters = { new() { Value = await OwnerAsync(silo.Services.GetRequiredService<SiloIdentity>().Name) } },
        };
        await steal.ExecuteNonQueryAsync();

        await stopping.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task AServerThatIsKilledAndStartedAgain_IsHeldAgain()
    {
        await using var postgres = await PrivatePostgres.StartNewAsync();
        using var silo = Silo(postgres.ConnectionString);
        await silo.StartAsync();

        await postgres.KillAsync();
        await postgres.StartAsync();

        await using (var looking = Npgsql.NpgsqlDataSource.Create(postgres.ConnectionString))
        {
            var started = Stopwatch.GetTimestamp();
            await using var find = looking.CreateCommand("SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND application_name = $1");
            find.Parameters.Add(new() { Value = silo.Services.GetRequiredService<SiloIdentity>().Name });
            while (await find.ExecuteScalarAsync() is not 1L)
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60), "The silo did not take its database again within 60 s.");
                await Task.Delay(50);
            }
        }

        Assert.False(silo.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested);
        await silo.StopAsync();
    }

    [Fact]
    public async Task AStartedSilo_AnswersGrainCalls_AndItsGatesCall()
    {
        using var silo = Silo();
        await silo.StartAsync();

        var lease = await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<IUpstreamGrain>(UpstreamKeys.GrainKey("codeforces")).RenewAsync(new RenewLease("test", 1, 0));

        Assert.Equal(1, lease.Concurrency);
        Assert.Equal(1L, await database.QueryAsync<long>("SELECT count(*) FROM grain_state WHERE grain LIKE '%/upstream/codeforces'"));
        var clock = Stopwatch.StartNew();
        await silo.StopAsync();
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(15), $"Stopping took {clock.Elapsed}.");
    }

    private Task<int> OwnerAsync(string silo) => database.QueryAsync<int>("SELECT pid FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE application_name = $1 AND locktype = 'advisory'", silo);

    private IHost Silo(string? connectionString = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:Bulk", connectionString ?? database.ConnectionString)]);
        builder.Services.AddMetrics();
        builder.AddBulkSilo();
        return builder.Build();
    }
}
