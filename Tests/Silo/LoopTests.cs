using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OrleansBulk.Distribution;
using OrleansBulk.Ingest;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web;
using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Tests.Silo;

/// <summary>What runs beside everything else for as long as the process lives: one error that nobody thought of must not end the process.</summary>
public sealed class LoopTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private readonly ManualTime _time = new();
    private readonly LogCapture _log = new();
    private PostgresDatabase _empty = null!;

    /// <summary>A database without tables: every statement is wrong, and trying again does not help.</summary>
    public async Task InitializeAsync() => _empty = await PostgresDatabase.CreateEmptyAsync();

    public Task DisposeAsync() => _empty.DisposeAsync();

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData(typeof(IngestUpkeep))]
    [InlineData(typeof(JobRetention))]
    [InlineData(typeof(JobSupervisor))]
    [InlineData(typeof(ScheduleClock))]
    [InlineData(typeof(ApiKeyUse))]
    public async Task ErrorThatIsNotOfTheDatabaseBeingAway_IsLogged_AndTheLoopGoesOn(Type loop)
    {
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(_log));
        using var tested = Loop(loop, loggers);

        await tested.StartAsync(CancellationToken.None);
        for (var rounds = 1; rounds <= 2; rounds++)
        {
            await _time.TimerWithinAsync(Longest);
            _time.Advance(Longest);
            for (var looks = 0; looks < 2000 && _log.At(LogLevel.Warning).Split("42P01").Length <= rounds && !tested.ExecuteTask!.IsCompleted; looks++)
            {
                await Task.Delay(5);
            }
        }

        Assert.False(tested.ExecuteTask!.IsCompleted, $"The loop ended: {tested.ExecuteTask.Exception}");
        Assert.Contains("42P01", _log.At(LogLevel.Warning), StringComparison.Ordinal);
        await tested.StopAsync(CancellationToken.None);
    }

    private BackgroundService Loop(Type loop, ILoggerFactory loggers)
    {
        var database = _empty.Database;
        switch (loop.Name)
        {
            case nameof(IngestUpkeep):
                return new IngestUpkeep(database, new RawPartitions(database), new IngestOptions(), _time, loggers.CreateLogger<IngestUpkeep>());
            case nameof(JobRetention):
                return new JobRetention(database, new JobOptions(), _time, loggers.CreateLogger<JobRetention>());
            case nameof(JobSupervisor):
                return new JobSupervisor(new JobOwnership(database), null!, new JobOptions(), new SiloIdentity("test", true), _time, loggers.CreateLogger<JobSupervisor>());
            case nameof(ScheduleClock):
                return new ScheduleClock(new ScheduleStore(database, new DistributionStore(database, _time), _time), null!, _time, loggers.CreateLogger<ScheduleClock>());
            default:
                var use = new ApiKeyUse(new ApiKeyStore(database), _time, loggers.CreateLogger<ApiKeyUse>());
                use.Note(Guid.NewGuid());
                return use;
        }
    }
}
