using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tests.Support;

/// <summary>The engine on a real database and real grains, with a workload that the test plays. No supervisor unless the test runs it.</summary>
internal sealed class JobHarness : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly GrainCluster _cluster;

    private JobHarness(GrainCluster cluster, PostgresDatabase postgres, TestWorkload workload)
    {
        _cluster = cluster;
        Postgres = postgres;
        Workload = workload;
    }

    public PostgresDatabase Postgres { get; }

    public TestWorkload Workload { get; }

    public IGrainFactory Grains => _cluster.Grains;

    public JobIntake Intake => _cluster.Services.GetRequiredService<JobIntake>();

    public JobStore Jobs => _cluster.Services.GetRequiredService<JobStore>();

    public JobOwnership Ownership => _cluster.Services.GetRequiredService<JobOwnership>();

    public FailureStore Failures => _cluster.Services.GetRequiredService<FailureStore>();

    public IServiceProvider Services => _cluster.Services;

    /// <param name="options">Commits come soon by default, so that tests need not wait for the linger.</param>
    /// <param name="more">Adds what a workload of its own needs.</param>
    public static async Task<JobHarness> StartAsync(JobOptions? options = null, TestWorkload? workload = null, PostgresDatabase? postgres = null, Action<IServiceCollection>? more = null)
    {
        workload ??= new TestWorkload();
        var fresh = postgres is null;
        postgres ??= await PostgresDatabase.CreateAsync();
        if (fresh)
        {
            await postgres.ExecuteAsync(TestWorkload.ResultTable);
        }

        var cluster = await GrainCluster.StartAsync(services =>
        {
            services.AddLogging(log => log.SetMinimumLevel(LogLevel.Warning));
            services.AddMetrics();
            services.AddSingleton(TimeProvider.System);
            services.AddSingleton(_ => new Database(postgres.ConnectionString)); // made and disposed by the cluster
            services.AddSingleton(new SiloIdentity($"test/{Guid.NewGuid():N}", OwnsCluster: false));
            services.AddSingleton(options ?? new JobOptions { CommitLinger = TimeSpan.FromMilliseconds(20) });
            services.AddSingleton<IWorkload>(workload);
            services.AddSingleton<JobStore>();
            services.AddSingleton<FailureStore>();
            services.AddSingleton<JobOwnership>();
            services.AddSingleton<JobMetrics>();
            services.AddSingleton(new ForegroundOptions());
            services.AddSingleton<ForegroundGuard>();
            services.AddSingleton<BackgroundPace>();
            services.AddSingleton<JobEngine>();
            services.AddSingleton<JobIntake>();
            more?.Invoke(services);
        });
        return new JobHarness(cluster, postgres, workload);
    }

    /// <summary>Takes in a job of so many items.</summary>
    public async Task<Guid> AcceptAsync(long items, int? concurrency = null, string? key = null)
    {
        var reply = await Intake.AcceptAsync(new JobRequest(TestWorkload.WorkloadName, TestWorkload.Spec(items), null, concurrency, key), "tester", CancellationToken.None);
        return Assert.IsType<JobTaken>(reply).Id;
    }

    /// <summary>Waits until the job has ended, and answers its row.</summary>
    public async Task<JobRow> EndAsync(Guid id)
    {
        await Until($"job {id} ends", async () => (await RowAsync(id)).Status.IsFinal());
        return await RowAsync(id);
    }

    public async Task<JobRow> RowAsync(Guid id) => await Jobs.FindAsync(id, CancellationToken.None) ?? throw new InvalidOperationException($"Job {id} is gone.");

    public async Task<Ledger> LedgerAsync(Guid id) => await Jobs.ReadLedgerAsync(id, CancellationToken.None) ?? throw new InvalidOperationException($"Job {id} is gone.");

    /// <summary>How many results were written, and of how many different items.</summary>
    public async Task<(long Rows, long Keys)> ResultsAsync(Guid id) => (
        await Postgres.QueryAsync<long>("SELECT count(*) FROM test_results WHERE job_id = $1", id),
        await Postgres.QueryAsync<long>("SELECT count(DISTINCT key) FROM test_results WHERE job_id = $1", id));

    public static async Task Until(string what, Func<Task<bool>> condition)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(deadline) > Patience)
            {
                throw new TimeoutException($"Waited {Patience.TotalSeconds:0} s in vain until {what}.");
            }

            await Task.Delay(10);
        }
    }

    public static Task Until(string what, Func<bool> condition) => Until(what, () => Task.FromResult(condition()));

    /// <summary>Ends the silo and leaves the database to others.</summary>
    public ValueTask StopAsync() => _cluster.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await Postgres.DisposeAsync();
    }
}
