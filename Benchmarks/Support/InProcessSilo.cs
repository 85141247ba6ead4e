using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Hosting;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>A whole silo in this process, as Web and Silo compose it, with upstreams that answer at once: what is left is what the service itself costs.</summary>
internal sealed class InProcessSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private InProcessSilo(IHost host) => _host = host;

    public JobIntake Intake => _host.Services.GetRequiredService<JobIntake>();

    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    public static async Task<InProcessSilo> StartAsync(BenchDatabase database)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(Settings(
            ("ConnectionStrings:Bulk", database.ConnectionString),
            ($"Upstreams:{InstantPlatform.PlatformName}:Limits", "none"),
            ($"Upstreams:{InstantPlatform.PlatformName}:Concurrency", "100")));
        builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
        builder.AddBulkSilo();
        builder.Services.Replace(ServiceDescriptor.Singleton(_ => new CodingPlatforms([new InstantPlatform()])));
        builder.Services.AddSingleton<IWorkload, NothingWorkload>();
        var silo = new InProcessSilo(builder.Build());
        await silo._host.StartAsync();
        return silo;
    }

    public Database Database => _host.Services.GetRequiredService<Database>();

    public async Task<Guid> StartJobAsync(string workload, object spec)
    {
        var request = new JobRequest(workload, System.Text.Json.JsonSerializer.SerializeToElement(spec), JobMode.HighPerformance, 100, null);
        return await Intake.AcceptAsync(request, "benchmark", CancellationToken.None) is JobTaken taken
            ? taken.Id
            : throw new InvalidOperationException($"The job was not accepted: {workload}");
    }

    /// <summary>Waits until a job's row says completed, looking every few milliseconds over a connection beside the silo's.</summary>
    public static async Task WhenDoneAsync(BenchDatabase database, Guid id)
    {
        while (await database.QueryAsync<string>("SELECT status FROM jobs WHERE id = $1", id) is var status && status != "completed")
        {
            if (status is "failed" or "cancelled")
            {
                throw new InvalidOperationException($"The job {status}: {await database.QueryAsync<string>("SELECT error FROM jobs WHERE id = $1", id)}");
            }

            await Task.Delay(5);
        }
    }

    private static Dictionary<string, string?> Settings(params (string Name, string Value)[] settings) => settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
