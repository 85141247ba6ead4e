using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Distribution;
using OrleansBulk.Hooks;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Leads;
using OrleansBulk.Providers;
using OrleansBulk.Providers.Files;
using OrleansBulk.Tabs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hosting;

/// <summary>Registers what the grains need beside the database, the upstreams and the grain runtime, which the host brings.</summary>
public static class BulkGrains
{
    /// <summary>What a silo needs: stores, the engine, the workloads, and the services that run beside the grains.</summary>
    public static IServiceCollection AddBulkGrains(this IServiceCollection services)
    {
        services.AddBulkStores();
        services.AddHostedService<JobSupervisor>();
        services.AddHostedService<JobRetention>();
        services.AddHostedService<IngestUpkeep>();
        services.AddHostedService<ScheduleClock>();
        services.AddHostedService<SyncUpkeep>();
        services.AddHostedService<ProviderFileUpkeep>();
        services.AddHostedService<TabClock>();
        services.AddHostedService<TabUpkeep>();
        services.AddHostedService<TabSourceCheck>();
        return services;
    }

    /// <summary>What a caller of the grains needs: everything but the services that must run on silos only.</summary>
    public static IServiceCollection AddBulkStores(this IServiceCollection services)
    {
        services.AddMetrics();
        services.AddSingleton(provider => ReadOptions(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<JobStore>();
        services.AddSingleton<FailureStore>();
        services.AddSingleton<TimelineStore>();
        services.AddSingleton<JobOwnership>();
        services.AddSingleton<JobMetrics>();
        services.AddSingleton(provider => ReadForeground(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<ForegroundGuard>();
        services.AddSingleton<BackgroundPace>();
        services.AddSingleton<JobEngine>();
        services.AddSingleton<JobIntake>();
        services.AddSingleton(provider => new CodingPlatforms(provider.GetRequiredService<UpstreamGates>()));
        services.AddSingleton<ProfileStore>();
        services.AddSingleton<ProfileReader>();
        services.AddSingleton<IWorkload, ProfileRefresh>();
        services.AddSingleton(provider => ReadIngest(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<RawPartitions>();
        services.AddSingleton<IngestIntake>();
        services.AddSingleton<UsernameStore>();
        services.AddSingleton<IngestResults>();
        services.AddSingleton<IMergeWorkload, ProfileIngest>();
        services.AddSingleton(provider => ReadFiles(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<ProviderFileIntake>();
        services.AddSingleton<ProviderFileStore>();
        services.AddSingleton<ProviderFileLoad>();
        services.AddSingleton<IMergeWorkload>(provider => provider.GetRequiredService<ProviderFileLoad>());
        services.AddSingleton<ProviderStore>();
        services.AddSingleton<LeadStore>();
        services.AddSingleton<LeadIntake>();
        services.AddSingleton<IMergeWorkload, LeadSave>();
        services.AddSingleton<ModelClients>();
        services.AddSingleton<AnswerStore>();
        services.AddSingleton<HookRunStore>();
        services.AddSingleton<ChatDesk>();
        services.AddSingleton<IWorkload, HookGeneration>();
        services.AddSingleton<DistributionStore>();
        services.AddSingleton<AssignmentStore>();
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<IWorkload, ProviderSync>();
        services.AddSingleton<SyncResults>();
        services.AddSingleton(provider => TabOptions.Read(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton(provider => TabCatalog.Load(provider.GetRequiredService<TabOptions>().File));
        services.AddSingleton(provider => new TabSource(TabSourceOf(provider.GetRequiredService<IConfiguration>()), provider.GetRequiredService<TabOptions>(), provider.GetRequiredService<BackgroundPace>()));
        services.AddSingleton(provider => new TabLagSource(TabSourceOf(provider.GetRequiredService<IConfiguration>()), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => OpenTabDestination(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<TabOptions>(), provider.GetRequiredService<UpstreamGates>()));
        services.AddSingleton<TabStore>();
        services.AddSingleton<IWorkload, TabSync>();
        return services;
    }

    /// <summary>The database that tabs are read from: one of its own, or the service's.</summary>
    private static string TabSourceOf(IConfiguration configuration) => configuration.GetConnectionString("TabSource") is { Length: > 0 } own
        ? own
        : configuration.GetConnectionString("Bulk") ?? throw new InvalidOperationException("ConnectionStrings:Bulk is not set, nor ConnectionStrings:TabSource.");

    private static ITabDestination OpenTabDestination(IConfiguration configuration, TabOptions options, UpstreamGates gates) => options.Destination == "sheets"
        ? new SheetsDestination(gates, configuration.GetSection("Tabs:Sheets").Get<SheetsOptions>() ?? new SheetsOptions())
        : new FilesDestination(configuration.GetSection("Tabs:Files").Get<FilesOptions>() ?? new FilesOptions());

    private static IngestOptions ReadIngest(IConfiguration configuration)
    {
        var options = configuration.GetSection("Ingest").Get<IngestOptions>() ?? new IngestOptions();
        options.Validate();
        return options;
    }

    private static ProviderFileOptions ReadFiles(IConfiguration configuration)
    {
        var options = configuration.GetSection("ProviderFiles").Get<ProviderFileOptions>() ?? new ProviderFileOptions();
        options.Validate();
        return options;
    }

    private static ForegroundOptions ReadForeground(IConfiguration configuration)
    {
        var options = configuration.GetSection("Foreground").Get<ForegroundOptions>() ?? new ForegroundOptions();
        options.Validate();
        return options;
    }

    private static JobOptions ReadOptions(IConfiguration configuration)
    {
        var options = configuration.GetSection("Jobs").Get<JobOptions>() ?? new JobOptions();
        options.Validate();
        return options;
    }
}
