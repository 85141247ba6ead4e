using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Tabs;

/// <summary>The engine with the workload of tabs, over the learning application's schema in the same database, and a <see cref="GridDestination"/>.</summary>
internal sealed class TabStage : IAsyncDisposable
{
    private readonly JobHarness _harness;

    private TabStage(JobHarness harness, PostgresDatabase postgres, GridDestination grid, TabCatalog catalog, TabSource source) =>
        (_harness, Postgres, Grid, Catalog, Source) = (harness, postgres, grid, catalog, source);

    public PostgresDatabase Postgres { get; }

    public GridDestination Grid { get; }

    public TabCatalog Catalog { get; }

    public TabSource Source { get; }

    public JobHarness Jobs => _harness;

    public TabStore Store => new(Postgres.Database);

    /// <param name="catalog">Null: the tabs that come with the service.</param>
    public static async Task<TabStage> StartAsync(TabOptions? options = null, TabCatalog? catalog = null, TimeProvider? time = null)
    {
        options ??= new TabOptions { Delay = TimeSpan.Zero };
        catalog ??= TabCatalog.Load(null);
        var postgres = await PostgresDatabase.CreateAsync();
        await postgres.ExecuteAsync(TestWorkload.ResultTable);
        var grid = new GridDestination();
        var source = new TabSource(postgres.ConnectionString, options);
        var harness = await JobHarness.StartAsync(postgres: postgres, more: services =>
        {
            services.AddSingleton(options);
            services.AddSingleton(catalog);
            services.AddSingleton<ITabDestination>(grid);
            services.AddSingleton<UpstreamMetrics>();
            services.AddSingleton(provider => new UpstreamGates(new UpstreamCatalog([]), null, provider.GetRequiredService<SiloIdentity>(), TimeProvider.System, provider.GetRequiredService<UpstreamMetrics>(), NullLogger<UpstreamGates>.Instance));
            services.AddSingleton<IWorkload>(provider => new TabSync(
                provider.GetRequiredService<Database>(), catalog, source, grid, provider.GetRequiredService<UpstreamGates>(), options, time ?? TimeProvider.System));
        });
        return new TabStage(harness, postgres, grid, catalog, source);
    }

    public async Task<Guid> BeginAsync(object? spec = null)
    {
        var reply = await _harness.Intake.AcceptAsync(new JobRequest(TabSync.WorkloadName, JsonSerializer.SerializeToElement(spec ?? new { }), null, null, null), "tester", CancellationToken.None);
        return reply is JobTaken taken ? taken.Id : throw new InvalidOperationException($"The sync was not taken: {reply}");
    }

    /// <summary>Syncs, and answers the job when it has ended.</summary>
    public async Task<JobRow> SyncAsync(object? spec = null) => await _harness.EndAsync(await BeginAsync(spec));

    /// <summary>What stands in a tab, in any order.</summary>
    public IEnumerable<string> Shown(string tab) => Grid.Rows(tab).Values.Select(cells => string.Join('|', cells)).Order(StringComparer.Ordinal);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _harness.DisposeAsync();
    }
}
