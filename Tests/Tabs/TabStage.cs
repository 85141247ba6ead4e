using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>The engine with the workload of tabs, over the learning application's schema in the same database, and a <see cref="GridDestination"/> unless the test has another.</summary>
internal sealed class TabStage : IAsyncDisposable
{
    private readonly TabOptions _options;
    private readonly JobOptions? _jobOptions;
    private readonly ITabDestination _destination;

    private TabStage(PostgresDatabase postgres, ITabDestination destination, TabCatalog catalog, TabOptions options, JobOptions? jobOptions)
    {
        (Postgres, _destination, Catalog, _options, _jobOptions) = (postgres, destination, catalog, options, jobOptions);
        Source = new TabSource(postgres.ConnectionString, options);
        Process = new MortalDestination(destination);
    }

    public PostgresDatabase Postgres { get; }

    public GridDestination Grid => (GridDestination)_destination;

    public TabCatalog Catalog { get; private set; }

    public TabSource Source { get; private set; }

    public JobHarness Jobs { get; private set; } = null!;

    /// <summary>What the process that runs now sees of the destination.</summary>
    public MortalDestination Process { get; private set; }

    public TabStore Store => new(Postgres.Database);

    /// <param name="catalog">Null: the tabs that come with the service.</param>
    public static async Task<TabStage> StartAsync(TabOptions? options = null, TabCatalog? catalog = null, ITabDestination? destination = null, JobOptions? jobs = null)
    {
        var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync(TestWorkload.ResultTable);
        var stage = new TabStage(postgres, destination ?? new GridDestination(), catalog ?? TabCatalog.Load(null), options ?? new TabOptions { Delay = TimeSpan.Zero }, jobs);
        await stage.StartProcessAsync();
        return stage;
    }

    /// <summary>
    /// The process is gone, in the middle of whatever it did: nothing of it is committed any more, and nothing it writes arrives. Another one takes its jobs over, with
    /// another file of tabs if the test says so.
    /// </summary>
    public async Task CrashAsync(TabCatalog? catalog = null)
    {
        Process.Die();
        var running = await Postgres.QueryAsync<Guid[]>("WITH lost AS (UPDATE jobs SET epoch = epoch + 1 WHERE status IN ('queued', 'planning', 'running') RETURNING id) SELECT coalesce(array_agg(id), '{}') FROM lost");
        Process.Bury();
        await Jobs.StopAsync();
        await Source.DisposeAsync();
        Catalog = catalog ?? Catalog;
        Source = new TabSource(Postgres.ConnectionString, _options);
        Process = new MortalDestination(_destination);
        await StartProcessAsync();
        foreach (var id in running)
        {
            await Jobs.Grains.Job(id).WakeAsync();
        }
    }

    private async Task StartProcessAsync()
    {
        var (catalog, source, destination) = (Catalog, Source, Process);
        Jobs = await JobHarness.StartAsync(_jobOptions, postgres: Postgres, more: services =>
        {
            services.AddSingleton(_options);
            services.AddSingleton(catalog);
            services.AddSingleton<ITabDestination>(destination);
            services.AddSingleton<UpstreamMetrics>();
            services.AddSingleton(provider => new UpstreamGates(new UpstreamCatalog([]), null, provider.GetRequiredService<SiloIdentity>(), TimeProvider.System, provider.GetRequiredService<UpstreamMetrics>(), NullLogger<UpstreamGates>.Instance));
            services.AddSingleton<IWorkload>(provider => new TabSync(
                provider.GetRequiredService<Database>(), catalog, source, destination, provider.GetRequiredService<UpstreamGates>(), _options, TimeProvider.System));
        });
    }

    public async Task<Guid> BeginAsync(object? spec = null)
    {
        var reply = await Jobs.Intake.AcceptAsync(new JobRequest(TabSync.WorkloadName, JsonSerializer.SerializeToElement(spec ?? new { }), null, null, null), "tester", CancellationToken.None);
        return reply is JobTaken taken ? taken.Id : throw new InvalidOperationException($"The sync was not taken: {reply}");
    }

    /// <summary>Syncs, and answers the job when it has ended.</summary>
    public async Task<JobRow> SyncAsync(object? spec = null) => await Jobs.EndAsync(await BeginAsync(spec));

    /// <summary>Tries again what failed in a job, and answers it when it has ended.</summary>
    public async Task<JobRow> RetryAsync(Guid id)
    {
        await Jobs.Grains.Job(id).RetryFailedAsync(new RetryFailed(null));
        return await Jobs.EndAsync(id);
    }

    /// <summary>What stands in a tab, in any order.</summary>
    public IEnumerable<string> Shown(string tab) => Grid.Rows(tab).Values.Select(cells => string.Join('|', cells).TrimEnd('|')).Order(StringComparer.Ordinal);

    /// <summary>What the source has for a tab, in any order.</summary>
    public async Task<IEnumerable<string>> ExpectedAsync(string tab) => (await ReadSourceAsync(tab)).Select(row => string.Join('|', row.Cells).TrimEnd('|')).Order(StringComparer.Ordinal);

    public async Task<IReadOnlyList<SourceRow>> ReadSourceAsync(string tab)
    {
        var definition = Catalog.Find(tab)!;
        var places = await Source.ReadPlacesAsync(definition, null, null, null, 1_000_000, CancellationToken.None);
        return await Source.ReadRowsAsync(definition, [.. places.Select(place => place.Key)], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Jobs.DisposeAsync();
    }
}
