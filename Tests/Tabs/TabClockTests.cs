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

        var first = Assert.Single(await LookAsync()); // the first one at once
        Assert.Empty(await LookAsync());
        time.Advance(TimeSpan.FromMinutes(23)); // four were missed
        var second = Assert.Single(await LookAsync());
        Assert.Empty(await LookAsync());
        await Task.WhenAll(stage.Jobs.EndAsync(first), stage.Jobs.EndAsync(second));
        time.Advance(TimeSpan.FromMinutes(40));
        var third = Assert.Single(await LookAsync());

        Assert.Contains("\"incremental\":true", await stage.Jobs.Jobs.ReadSpecAsync(second, CancellationToken.None), StringComparison.Ordinal);
        Assert.Contains("\"incremental\":false", await stage.Jobs.Jobs.ReadSpecAsync(third, CancellationToken.None), StringComparison.Ordinal); // an hour is over
        Assert.Equal(JobStatus.Completed, (await stage.Jobs.EndAsync(third)).Status);
        clocks.ForEach(clock => clock.Dispose());

        async Task<IReadOnlyList<Guid>> LookAsync() => [.. (await Task.WhenAll(clocks.Select(clock => clock.RunOnceAsync(CancellationToken.None)))).OfType<Guid>()];
    }

    [Fact]
    public async Task SyncThatLiesFurtherAheadThanTheInterval_IsDueAtOnce()
    {
        var options = new TabOptions { Delay = TimeSpan.Zero, Scheduled = true, Interval = TimeSpan.FromMinutes(5) };
        await using var stage = await TabStage.StartAsync(options);
        var time = new ManualTime();
        using var clock = new TabClock(stage.Postgres.Database, stage.Jobs.Intake, stage.Catalog, options, time, NullLogger<TabClock>.Instance);
        await stage.Postgres.ExecuteAsync($"INSERT INTO tab_schedule (next_at, full_at) VALUES ('{time.GetUtcNow().AddHours(20):O}', '{time.GetUtcNow().AddDays(1):O}')"); // the interval was a day

        Assert.NotNull(await clock.RunOnceAsync(CancellationToken.None));
        Assert.Null(await clock.RunOnceAsync(CancellationToken.None));
    }

    [Fact]
    public async Task ComparisonThatWasCutOff_GoesOnWithTheNextSync()
    {
        var options = new TabOptions { Delay = TimeSpan.Zero, Scheduled = true, Interval = TimeSpan.FromMinutes(5), FullEvery = TimeSpan.FromDays(1) };
        await using var stage = await TabStage.StartAsync(options);
        var time = new ManualTime();
        using var clock = new TabClock(stage.Postgres.Database, stage.Jobs.Intake, stage.Catalog, options, time, NullLogger<TabClock>.Instance);
        await stage.Postgres.ExecuteAsync($"""
            INSERT INTO tab_schedule (next_at, full_at) VALUES ('{time.GetUtcNow():O}', '{time.GetUtcNow():O}');
            INSERT INTO tabs (name, watermark_at, watermark_key, full_from_at, full_from_key, paused) SELECT name, now(), '1', CASE name WHEN 'chat-logs' THEN now() END, '1', true FROM unnest(ARRAY['user-profiles', 'chat-logs']) AS name;
            INSERT INTO tab_syncs (tab, job_id, started_at, is_full) SELECT name, gen_random_uuid(), '{time.GetUtcNow().AddMinutes(-6):O}', true FROM tabs
            """); // both were compared six minutes ago, and neither came to its end

        var spec = await stage.Jobs.Jobs.ReadSpecAsync((await clock.RunOnceAsync(CancellationToken.None))!.Value, CancellationToken.None);

        Assert.Contains("\"full\":[\"chat-logs\"]", spec, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TabWhoseComparisonDidNotCome_IsComparedWithTheNextSync()
    {
        var options = new TabOptions { Delay = TimeSpan.Zero, Scheduled = true, Interval = TimeSpan.FromMinutes(5), FullEvery = TimeSpan.FromDays(1) };
        await using var stage = await TabStage.StartAsync(options);
        var time = new ManualTime();
        await stage.Postgres.ExecuteAsync($"""
            INSERT INTO tab_schedule (next_at, full_at) VALUES ('{time.GetUtcNow():O}', '{time.GetUtcNow():O}');
            INSERT INTO tabs (name, watermark_at, watermark_key, full_at, paused)
            SELECT name, '{time.GetUtcNow():O}', '1', timestamptz '{time.GetUtcNow():O}' - CASE name WHEN 'chat-logs' THEN interval '25 hours' ELSE interval '1 hour' END, true
            FROM unnest(ARRAY['user-profiles', 'quiz-responses', 'engagement-logs', 'chat-logs']) AS name
            """); // they are paused, so nothing becomes of the syncs
        using var clock = new TabClock(stage.Postgres.Database, stage.Jobs.Intake, stage.Catalog, options, time, NullLogger<TabClock>.Instance);

        Assert.Equal("chat-logs", await LookAsync());
        Assert.Equal("chat-logs", await LookAsync());
        await stage.Postgres.ExecuteAsync($"INSERT INTO tab_syncs (tab, job_id, started_at, is_full) VALUES ('chat-logs', gen_random_uuid(), '{time.GetUtcNow():O}', true)");
        Assert.Equal("", await LookAsync()); // it was begun and did not come to its end: not at once again
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal("chat-logs", await LookAsync());

        async Task<string> LookAsync()
        {
            var id = Assert.NotNull(await clock.RunOnceAsync(CancellationToken.None));
            time.Advance(TimeSpan.FromMinutes(5));
            var spec = System.Text.Json.JsonDocument.Parse((await stage.Jobs.Jobs.ReadSpecAsync(id, CancellationToken.None))!).RootElement;
            Assert.True(spec.GetProperty("incremental").GetBoolean());
            return spec.TryGetProperty("full", out var full) ? string.Join(' ', full.EnumerateArray().Select(tab => tab.GetString())) : "";
        }
    }

    [Fact]
    public async Task OldSyncs_AreForgotten_ButForTheNewestAndTheOneWhoseChangesAreShown()
    {
        await using var postgres = await PostgresDatabase.CreateAsync();
        var time = new ManualTime();
        await postgres.ExecuteAsync($"""
            INSERT INTO tabs (name) VALUES ('a'), ('b');
            INSERT INTO tab_syncs (tab, job_id, started_at, is_full, added)
            SELECT tab, gen_random_uuid(), timestamptz '{time.GetUtcNow():O}' - day * interval '1 day', false, day FROM unnest(ARRAY[40, 50, 60]) AS day, unnest(ARRAY['a', 'b']) AS tab;
            INSERT INTO tab_syncs (tab, job_id, started_at, is_full, added) VALUES ('a', gen_random_uuid(), '{time.GetUtcNow():O}', false, 0);
            INSERT INTO tab_changes (tab, job_id, key, kind) SELECT tab, job_id, '1', 'removed' FROM tab_syncs WHERE tab = 'a' AND added = 50
            """);
        using var upkeep = new TabUpkeep(postgres.Database, time, NullLogger<TabUpkeep>.Instance);

        await upkeep.RunOnceAsync(CancellationToken.None);

        Assert.Equal("a0 a50 b40", await postgres.QueryAsync<string>("SELECT string_agg(tab || added, ' ' ORDER BY tab || added) FROM tab_syncs"));
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
