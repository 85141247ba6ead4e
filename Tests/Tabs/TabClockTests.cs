using Microsoft.Extensions.Logging.Abstractions;
using OrleansBulk.Jobs;
using OrleansBulk.Tabs;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Tabs;

/// <summary>Syncs that come by themselves: one at a time over all silos, missed ones not made up, all rows compared now and then.</summary>
public sealed class TabClockTests
{
    [Fact]
    public async Task DueSync_IsBegunByOneOfManySilos_AndMissedOnesAreNotMadeUp()
    {
        var options = new TabOptions { Delay = TimeSpan.Zero, Scheduled = true, Interval = TimeSpan.FromMinutes(5), FullEvery = TimeSpan.FromHours(1) };
        await using var stage = await TabStage.StartAsync(options);
        await stage.Postgres.ExecuteAsync("SELECT learning.make_demo(5)");
        var time = new ManualTime();
        var clocks = Enumerable.Range(0, 3).Select(_ => new TabClock(stage.Postgres.Database, stage.Jobs.Intake, stage.Catalog, options, time, NullLogger<TabClock>.Instance)).ToList();

        Assert.Single(await LookAsync()); // the first one at once
        Assert.Empty(await LookAsync());
        time.Advance(TimeSpan.FromMinutes(23)); // four were missed
        var second = Assert.Single(await LookAsync());
        Assert.Empty(await LookAsync());
        time.Advance(TimeSpan.FromMinutes(40));
        var third = Assert.Single(await LookAsync());

        Assert.Contains("\"incremental\":true", await stage.Jobs.Jobs.ReadSpecAsync(second, CancellationToken.None), StringComparison.Ordinal);
        Assert.Contains("\"incremental\":false", await stage.Jobs.Jobs.ReadSpecAsync(third, CancellationToken.None), StringComparison.Ordinal); // an hour is over
        Assert.Equal(JobStatus.Completed, (await stage.Jobs.EndAsync(third)).Status);
        clocks.ForEach(clock => clock.Dispose());

        async Task<IReadOnlyList<Guid>> LookAsync() => [.. (await Task.WhenAll(clocks.Select(clock => clock.RunOnceAsync(CancellationToken.None)))).OfType<Guid>()];
    }

    [Theory]
    [InlineData("SYNC_INTERVAL_SECONDS", "1", "Tabs:Interval is 00:00:01")]
    [InlineData("SYNC_INTERVAL_SECONDS", "often", "SYNC_INTERVAL_SECONDS is 'often'")]
    [InlineData("SYNC_ENABLE_INCREMENTAL", "maybe", "must be true or false")]
    [InlineData("Tabs:Destination", "paper", "Tabs:Destination is paper")]
    public void SettingThatIsWrong_IsRefusedByName(string name, string value, string sentence)
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationBuilder().Add(new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource { InitialData = [new(name, value)] }).Build();

        Assert.Contains(sentence, Assert.Throws<InvalidOperationException>(() => TabOptions.Read(configuration)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VariablesOfTheServiceBefore_AreRead()
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationBuilder().Add(new Microsoft.Extensions.Configuration.Memory.MemoryConfigurationSource
        {
            InitialData = [new("SYNC_INTERVAL_SECONDS", "60"), new("SYNC_DELAY_SECONDS", "2.5"), new("SYNC_ENABLE_INCREMENTAL", "false"), new("SYNC_MAX_RETRIES", "3")],
        }).Build();

        var options = TabOptions.Read(configuration);

        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(2.5), false, 3), (options.Interval, options.Delay, options.Incremental, TabOptions.ReadRetries(configuration)));
    }
}
